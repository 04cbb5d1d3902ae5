/** What a waiting question is, for faults that are choosy. */
import { NovaError } from '../../../shared/domain/error.ts';
import type { Op } from '../../../shared/ports/table.ts';
import type { Ask } from './machines.ts';

export const unavailable = (why: string): NovaError => new NovaError('unavailable', why);

/** The ops of a write; none of a read. */
export function opsOf({ about }: Ask): readonly Op[] {
  if (about.port !== 'table') return [];
  if (about.call.method === 'write') return [about.call.op];
  return about.call.method === 'transact' ? about.call.ops : [];
}

export const isTransaction = ({ about }: Ask): boolean => about.port === 'table' && about.call.method === 'transact';

/** An adapter that does not know repeats only what has a condition, or changes nothing the second time. */
export const mayRepeat = (ask: Ask): boolean => {
  const ops = opsOf(ask);
  const counts = (op: Op): boolean => op.op === 'update' && (op.add !== undefined || op.append !== undefined);
  return ops.length > 0 && ops.every((op) => !counts(op) || (op.if ?? []).length > 0);
};

/** Releases a lease: the end of a run, or its recovery. */
export const isRelease = (ask: Ask): boolean =>
  opsOf(ask).some((op) => op.op === 'update' && op.key.pk.startsWith('FLEET#') && op.remove?.includes('ho') === true);

/** In a function, not in a task. */
export const inFunction = ({ machine }: Ask): boolean =>
  !machine.kind.startsWith('agent-runner') && machine.kind !== 'operator';
export const inRun = ({ machine }: Ask): boolean =>
  machine.kind === 'run-agent' || machine.kind.startsWith('agent-runner');
