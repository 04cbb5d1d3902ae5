/** Rules for money of several agents, as a person sets and removes them: a further version and its audit record. */
import { NovaError } from '../domain/error.ts';
import { type Share, sharesOf, sharesText } from '../domain/split.ts';
import type { World } from '../ports/world.ts';
import { getAgent } from './agent-store.ts';
import { auditOps, type By, untilDone } from './ledger-book.ts';
import type { LedgerPorts } from './ledger-store.ts';
import { encodeRule, isSplitTarget, type SplitRule, versionsOf } from './split-store.ts';

type Ports = LedgerPorts & Pick<World, 'ids'>;
type Target = { readonly target: string; readonly shares: readonly Share[] };

/**
 * Puts a rule in force from now on; no shares remove it.
 * @throws NovaError bad_input, not_found (an agent, or a rule to remove), unavailable.
 */
export async function setSplit(world: Ports, { target, shares: given }: Target, by: By): Promise<SplitRule> {
  if (!isSplitTarget(target))
    throw new NovaError('bad_input', 'a rule is for a source, an id of a product, price or link, or utm:<campaign>');
  const shares = given.length === 0 ? [] : sharesOf(given);
  for (const { agentId } of shares) {
    if (!(await getAgent(world.table, agentId))) throw new NovaError('not_found', `there is no agent "${agentId}"`);
  }
  return untilDone(async () => {
    const before = (await versionsOf(world.table, target)).at(-1);
    const standing = before?.shares ?? [];
    if (shares.length === 0 && standing.length === 0)
      throw new NovaError('not_found', `there is no rule for ${target}`);
    if (before && sharesText(standing) === sharesText(shares)) return before;
    // Never at the moment of the one before, so that every moment has one rule.
    const from = Math.max(world.time.now(), (before?.from ?? 0) + 1);
    const rule = { target, version: (before?.version ?? 0) + 1, from, shares, ...by };
    const details = {
      target,
      version: rule.version,
      from: sharesText(standing),
      to: sharesText(shares),
      reason: by.reason,
    };
    const audit = await auditOps(world, { action: shares.length > 0 ? 'split.set' : 'split.removed', details }, by);
    const put = { op: 'put', item: encodeRule(rule), if: [{ attr: 'pk', op: 'missing' }] } as const;
    return (await world.table.transact([put, ...audit])).ok ? rule : null;
  });
}
