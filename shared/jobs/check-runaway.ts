/**
 * Work message `check-runaway`: an agent whose runs succeed seems to run away. Its last runs are read and judged; it is
 * slowed down, or let go again, or, when slowing down changed nothing, paused, and one mail asks whether it may go on.
 */
import type { Agent } from '../domain/agent.ts';
import type { Verdict } from '../domain/decision.ts';
import { RUNAWAY_RULE } from '../domain/execution.ts';
import type { Instance } from '../domain/instance.ts';
import { paceOf } from '../domain/pace.ts';
import type { DecisionPolicy } from '../domain/policy.ts';
import { RUNAWAY_RECORDS, type Runaway, runawayOf, saidOf } from '../domain/runaway.ts';
import { type AgentPorts, changeAgent, getAgent } from '../store/agent-store.ts';
import { decisionMemory } from '../store/decision-lock.ts';
import { createDecision } from '../store/decision-store.ts';
import { listInstances, slowOp, unslowOp } from '../store/instance-store.ts';
import { currentPolicy } from '../store/policy-store.ts';
import { lastRecords } from '../store/run-store.ts';

const ACTOR = 'system:check-runaway';
type Found = { readonly instance: Instance; readonly runaway: Runaway };

/** Idempotent: every step looks at what is there, and a redelivery goes on where a crash left off. */
export async function checkRunaway(world: AgentPorts, agentId: string): Promise<void> {
  const agent = await getAgent(world.table, agentId);
  if (!agent) return;
  if (agent.status === 'paused' && agent.pauseReason === 'runaway') return await askAgain(world, agent);
  if (agent.status !== 'active') return;
  const policy = await currentPolicy(world.table);
  const instances = (await listInstances(world.table, agentId)).filter(({ status }) => status === 'active');
  const found: Found[] = [];
  for (const instance of instances) {
    const runaway = await judged(world, { agent, instance, policy });
    if (runaway) found.push({ instance, runaway });
    else if (instance.slowed) await world.table.write(unslowOp(instance, instance.slowed));
  }
  for (const { instance, runaway } of found) await slow(world, instance, runaway);
  const worst = found.find(({ runaway }) => runaway.step === 'pause');
  if (worst) await pauseAndAsk(world, agent, worst);
}

type Case = { readonly agent: Agent; readonly instance: Instance; readonly policy: DecisionPolicy };

async function judged(world: AgentPorts, { agent, instance, policy }: Case): Promise<Runaway | null> {
  const gap = agent.schedule ? paceOf(agent.schedule, world.time.now()).shortestGapSeconds : null;
  const records = await lastRecords(world.table, instance, RUNAWAY_RECORDS);
  return runawayOf({ instance, records, shortestGapSeconds: gap, since: agent.updatedAt }, policy);
}

/** The numbers it is slowed down by stand on the instance: health tells them, also after a pause. */
async function slow(world: AgentPorts, instance: Instance, { kind, runs, costMicros, step }: Runaway): Promise<void> {
  const since = instance.slowed?.since ?? world.time.now();
  if (instance.slowed && step === 'slow') return;
  await world.table.write(slowOp(instance, { kind, since, runs, costMicros }));
}

async function pauseAndAsk(world: AgentPorts, agent: Agent, { instance, runaway }: Found): Promise<void> {
  const why = `instance ${instance.number}: ${runaway.why}`;
  const paused = await changeAgent(
    world,
    agent.id,
    { status: 'paused', pauseReason: 'runaway' },
    { actor: ACTOR, why },
  );
  await ask(world, paused, { why, kind: runaway.kind, runs: runaway.runs, costMicros: runaway.costMicros });
}

/** A crash came between the pause and the question. */
async function askAgain(world: AgentPorts, agent: Agent): Promise<void> {
  const slowed = (await listInstances(world.table, agent.id)).find((one) => one.slowed !== null);
  const numbers = slowed?.slowed ?? { kind: 'outcome', runs: 0, costMicros: 0 };
  await ask(world, agent, { ...numbers, why: `instance ${slowed?.number ?? 0}: ${saidOf(numbers)}` });
}

type Numbers = Pick<Runaway, 'kind' | 'runs' | 'costMicros' | 'why'>;

/** Asked once for each pause: what was answered or has expired is not asked again. */
async function ask(world: AgentPorts, agent: Agent, { kind, runs, costMicros, why }: Numbers): Promise<void> {
  const { openKinds, lastEnd } = await decisionMemory(world.table, agent.id);
  if (openKinds.includes('resume') || (lastEnd?.kind === 'resume' && lastEnd.at >= agent.updatedAt)) return;
  const verdict: Verdict = {
    action: { kind: 'resume', agentId: agent.id },
    why: `It was stopped because it seems to run away: ${why}. May it go on?`,
    ...{ risk: 'high', confidenceBps: 10_000, expectedRoiBps: null, costImpactMicrosPerDay: 0, needsApproval: true },
    evidence: { runaway: kind, runawayRuns: runs, runawayCostMicros: costMicros },
  };
  await createDecision(world, { verdict, status: 'awaiting_approval', rule: `${RUNAWAY_RULE}1`, actor: ACTOR });
}
