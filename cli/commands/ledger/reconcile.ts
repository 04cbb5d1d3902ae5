import type { JsonObject } from '../../../shared/domain/agent.ts';
import { reconcileAll } from '../../../shared/jobs/reconcile-revenue.ts';
import { spanSince } from '../../../shared/store/reconcile-span.ts';
import { worldCommand } from '../../command.ts';
import { moment } from '../../fields.ts';
import { details } from '../../render/details.ts';

/** A person waits; a stage's own pass takes five minutes at most. */
const PATIENCE_MS = 15 * 60_000;

export const command = worldCommand({
  noun: 'ledger',
  verb: 'reconcile',
  summary: 'compare the vendors’ books with ours now, and book what is missing',
  detail: 'It happens each hour by itself. --from looks further back than usual; what is known is left alone.',
  args: {},
  options: { from: moment('how far back') },
  examples: ['nova ledger reconcile', 'nova ledger reconcile --from 2026-01-01 --json'],
  async run({ from }, { world }) {
    const until = world.time.now() + PATIENCE_MS;
    const done = await reconcileAll(world, async (source) => {
      const span = await spanSince(world, source, until);
      return from === undefined ? span : { ...span, from, deep: true };
    });
    return { id: 'reconcile', ...done };
  },
  render: ({ id: _, ...vendors }, style) =>
    details(
      '',
      Object.entries(vendors).map(([name, did]) => [name, didText(did)] as const),
      style,
    ),
  exit: ({ id: _, ...vendors }) => (Object.values(vendors).some((did) => problemOf(did) !== null) ? 1 : 0),
});

const isObject = (did: unknown): did is JsonObject => typeof did === 'object' && did !== null && !Array.isArray(did);
const problemOf = (did: unknown): string | null => (isObject(did) && did.problem ? String(did.problem) : null);

function didText(did: unknown): string {
  if (!isObject(did)) return String(did);
  if (did.connected === false) return 'not connected';
  const problem = problemOf(did);
  if (problem !== null) return problem;
  const counts = Object.entries(did).filter(([name, count]) => name !== 'connected' && count !== 0);
  return counts.length === 0
    ? 'nothing there'
    : counts.map(([name, count]) => `${count} ${name.replaceAll('_', ' ')}`).join(', ');
}
