/** A run that nobody works on any more is given up: opened again for another attempt, or recorded. The owner is told. */
import type { Instance } from '../domain/instance.ts';
import { openTicks, tickMs, triggerOf } from '../domain/run.ts';
import { isTaskHolder } from '../domain/task.ts';
import type { World } from '../ports/world.ts';
import { type Lost, type Recovered, recover } from '../store/recovery-store.ts';
import { requestIdOf } from '../store/request-store.ts';
import { readSpec } from '../store/spec-cache.ts';
import { afterCrash } from './after-crash.ts';

export type LostPorts = Pick<World, 'table' | 'time' | 'settings' | 'runs' | 'work'>;

/**
 * The message of a task's run went when the task had it, and that of a function that died stays away for six minutes: so
 * it is sent again, a tick before the slot is free (it says which attempt it is for, and waits for it), a request after,
 * because the sweep finds open requests anyway. Of an engine that was stopped every message is there at once.
 */
export async function giveUpRun(world: LostPorts, instance: Instance, lost: Lost): Promise<Recovered> {
  const { run } = instance;
  if (!run) return { kind: 'raced', tripped: false, exhausted: false };
  const { spec } = lost;
  const woken = spec.restSeconds === undefined && (spec.task !== undefined || lost.blame === 'agent');
  const manual = triggerOf(run.slot) === 'manual';
  if (woken && !manual) await sendAgain(world, instance, { slot: run.slot, more: 2 });
  const recovered = await recover(world, instance, lost);
  if (woken && manual && recovered.kind !== 'raced') await continueRequest(world, run.slot);
  const attempt = (instance.tries[run.slot]?.attempts ?? 0) + 1;
  const { tripped, exhausted } = recovered;
  await afterCrash(world, { spec, instance, attempt }, { kind: 'recorded', tripped, exhausted });
  return recovered;
}

/** `more`: than the attempts that are counted already. */
async function sendAgain(
  { runs }: Pick<World, 'runs'>,
  { agentId, number, tries }: Instance,
  { slot, more }: { readonly slot: string; readonly more: number },
): Promise<void> {
  const scheduledFor = new Date(tickMs(slot)).toISOString();
  const attempt = (tries[slot]?.attempts ?? 0) + more;
  await runs.send({ v: 1, kind: 'tick', agentId, instance: number, scheduledFor, attempt });
}

/** Its lease is over, or (`platform`) whoever held it was stopped. */
export async function giveUpExpired(world: LostPorts, instance: Instance, blame: Lost['blame']): Promise<void> {
  const spec = await readSpec(world.table, instance.agentId, instance.specVersion);
  // No task has taken it over: the agent has not run at all.
  const waited = spec.task !== undefined && instance.run !== null && !isTaskHolder(instance.run.holder);
  await giveUpRun(world, instance, waited ? { spec, blame: 'platform', billedMs: 0 } : { spec, blame });
}

/**
 * Runs that lost an attempt and whose message is in the hands of a function that died before it could claim: it would come
 * back after six minutes. Who is kept alive takes up its own. Answers how many were asked for.
 */
export async function takeUpLost(
  world: Pick<World, 'table' | 'runs'>,
  instances: readonly Instance[],
): Promise<number> {
  let asked = 0;
  for (const instance of instances) {
    const slots = instance.run ? [] : openTicks(instance);
    if (slots.length === 0) continue;
    const spec = await readSpec(world.table, instance.agentId, instance.specVersion);
    if (spec.restSeconds !== undefined) continue;
    for (const slot of slots) await sendAgain(world, instance, { slot, more: 1 });
    asked += slots.length;
  }
  return asked;
}

/** The next run of the request, or its end. */
export async function continueRequest({ runs }: Pick<World, 'runs'>, slot: string): Promise<void> {
  if (triggerOf(slot) !== 'manual') return;
  await runs.send({ v: 1, kind: 'request', requestId: requestIdOf(slot), hop: 0 });
}
