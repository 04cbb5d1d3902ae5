/**
 * The mode and the thresholds, as a person changes them. Stricter is done at once: stopping waits for nobody. Looser waits
 * for somebody else, where there is somebody else; the only person of a workspace is told by mail what was done in their name.
 */
import type { Actor } from '../domain/audit.ts';
import { autonomyChangeVerdict, loosened, policyDiff } from '../domain/autonomy-change.ts';
import type { Decision } from '../domain/decision.ts';
import { NovaError } from '../domain/error.ts';
import type { DecisionPolicy, PolicyChange } from '../domain/policy.ts';
import type { World } from '../ports/world.ts';
import { judgedMaking, refusalOf } from './authorize.ts';
import { committed, publishOrLeave } from './commit.ts';
import { createDecision } from './decision-store.ts';
import { operatorRegisterKey } from './keys.ts';
import { listOperators } from './operator-store.ts';
import { type PostedWork, post } from './outbox-store.ts';
import { type PolicyStep, policyChange } from './policy-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'settings' | 'log' | 'work' | 'policy'>;
const TRIES = 8;

/** `decision` waits for its approval, and `policy` is as it was; or null, and it is as it is from now on. */
export type AutonomyChanged = { readonly policy: DecisionPolicy; readonly decision: Decision | null };

/** @throws NovaError bad_input, denied, conflict (one waits already, or it kept changing). */
export async function changeAutonomy(world: Ports, change: PolicyChange, actor: Actor): Promise<AutonomyChanged> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const step = await policyChange(world, { change, actor });
    if (step.ops.length === 0) return { policy: step.before, decision: null };
    const freed = loosened(step.before, step.after).length > 0;
    // Whoever is added meanwhile changes the register, and is asked with the next turn.
    const register = await world.table.get(operatorRegisterKey);
    if (freed && (await listOperators(world)).length > 1) {
      return { policy: step.before, decision: await ask(world, { step, change, actor }) };
    }
    const posted = freed ? [noticeOf(world, step, actor)] : [];
    const same = register
      ? ({ attr: 'version', op: '=', value: Number(register.version) } as const)
      : ({ attr: 'pk', op: 'missing' } as const);
    const alone = freed ? [{ op: 'check', key: operatorRegisterKey, if: [same] } as const] : [];
    const ops = [...step.ops, ...alone, ...posted.map(({ op }) => op)];
    if (!(await committed(world.table, ops, step.hash))) continue;
    await publishOrLeave(world, posted);
    return { policy: step.after, decision: null };
  }
  throw new NovaError('conflict', 'the policy is being changed by somebody else; try again');
}

type Wanted = { readonly step: PolicyStep; readonly change: PolicyChange; readonly actor: Actor };

async function ask(world: Ports, { step, change, actor }: Wanted): Promise<Decision> {
  const verdict = autonomyChangeVerdict(step.before, change, actor);
  const judgement = await judgedMaking(world, verdict, actor);
  if (judgement.effect === 'deny') throw new NovaError('denied', `not asked for: ${refusalOf(judgement)}`);
  const order = { verdict, status: 'awaiting_approval', rule: 'autonomy_set@1', actor, judgement } as const;
  const decision = await createDecision(world, order);
  if (!decision) throw new NovaError('conflict', 'a change of the policy waits for its approval already');
  return decision;
}

function noticeOf(world: Ports, { before, after }: PolicyStep, actor: Actor): PostedWork {
  const lines = Object.entries(policyDiff(before, after)).map(([name, change]) => `${name}: ${change}`);
  const text = `${actor} lets more be done without asking:\n\n${lines.join('\n')}\n\nIf that was not you: nova autonomy set off`;
  const subject = 'More is done without asking from now on';
  const message = { v: 1, kind: 'notify', dedupKey: `autonomy:${after.version}`, subject, text } as const;
  return post(world, { queue: 'work', message });
}
