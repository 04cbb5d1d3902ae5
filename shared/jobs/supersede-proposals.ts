/** Proposals live until the next pass: what it would propose again stays, the rest gives way. */
import type { Actor } from '../domain/audit.ts';
import { canonicalJson } from '../domain/audit.ts';
import type { Decision, Verdict } from '../domain/decision.ts';
import type { AutonomyMode } from '../domain/policy.ts';
import type { World } from '../ports/world.ts';
import { committed } from '../store/commit.ts';
import { decisionMoveOps, getDecision, openDecisions } from '../store/decision-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'hashing'>;
type Pass = { readonly verdicts: readonly Verdict[]; readonly mode: AutonomyMode; readonly actor: Actor };

export type Proposals = {
  /** Verdicts that no standing proposal says already. */
  readonly open: readonly Verdict[];
  readonly kept: readonly Decision[];
};

/** Outside of advise every proposal gives way: it would hold the lock of what may now be done. */
export async function supersedeProposals(world: Ports, { verdicts, mode, actor }: Pass): Promise<Proposals> {
  const kept: Decision[] = [];
  for (const { id } of await openDecisions(world.table)) {
    const decision = await getDecision(world.table, id);
    if (decision?.status !== 'proposed') continue;
    if (mode === 'advise' && verdicts.some((verdict) => sameAction(verdict, decision))) {
      kept.push(decision);
      continue;
    }
    const outcome = mode === 'advise' ? 'the next pass saw it differently' : `autonomy is ${mode} now`;
    const moved = decisionMoveOps(world, decision, { to: 'superseded', actor, outcome });
    await committed(world.table, moved.ops, moved.decision.auditHash);
  }
  return { kept, open: verdicts.filter((verdict) => !kept.some((decision) => sameAction(verdict, decision))) };
}

function sameAction(verdict: Verdict, decision: Decision): boolean {
  return canonicalJson(verdict.action) === canonicalJson(decision.action);
}
