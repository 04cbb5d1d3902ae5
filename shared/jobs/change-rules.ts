/** An approved change of the rules comes into force: the new version and "executed" are one transaction. */
import type { Decision } from '../domain/decision.ts';
import { NovaError } from '../domain/error.ts';
import type { Gate } from '../domain/halt.ts';
import type { Op } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { committed } from '../store/commit.ts';
import { decisionMoveOps } from '../store/decision-store.ts';
import { useGrantOps } from '../store/grant-store.ts';
import { gateOp } from '../store/halt-store.ts';
import { policyChange } from '../store/policy-store.ts';
import { rulesChangeOps } from '../store/rules-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'hashing'>;

/**
 * Tries once; whoever calls it reads again when somebody else was faster. A change that was made for another version
 * is superseded: what was approved was the step from that one.
 */
export async function changeRules(
  world: Ports,
  decision: Decision,
  { actor, gate }: { readonly actor: string; readonly gate: Gate },
): Promise<void> {
  const { action } = decision;
  if (action.kind !== 'policy_change') throw new NovaError('broken', `decision ${decision.id} changes no rules`);
  const why = `decision ${decision.id}: ${decision.why}`;
  const changed = await opsOf(world, action, { actor, why }).catch((thrown: unknown) => {
    if (thrown instanceof NovaError && thrown.code === 'conflict') return thrown;
    throw thrown;
  });
  const moved =
    changed instanceof NovaError
      ? decisionMoveOps(world, decision, { to: 'superseded', actor, outcome: changed.message })
      : decisionMoveOps(world, decision, { to: 'executed', actor, outcome: decision.why });
  const used = useGrantOps(decision, world.time.now());
  const ops = changed instanceof NovaError ? moved.ops : [...moved.ops, ...changed, ...used, gateOp(gate)];
  await committed(world.table, ops, moved.decision.auditHash);
}

type RulesAction = Extract<Decision['action'], { readonly kind: 'policy_change' }>;

async function opsOf(world: Ports, action: RulesAction, by: { actor: string; why: string }): Promise<readonly Op[]> {
  const { fromVersion: from, change, autonomy } = action;
  if (autonomy === undefined) return rulesChangeOps(world, { from, change, ...by });
  const { before, ops } = await policyChange(world, { change: autonomy, ...by });
  if (before.version === from) return ops;
  throw new NovaError('conflict', `the policy is of version ${before.version} now, not ${from}`);
}
