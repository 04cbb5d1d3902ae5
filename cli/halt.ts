/** The kill switch from the command line: turned, then watched until nothing runs and nothing spends. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from '../shared/domain/agent.ts';
import { agentScope, departmentScope, type Scope } from '../shared/domain/budget.ts';
import { NovaError } from '../shared/domain/error.ts';
import { attemptedMicros, type Halt, isSettled, isUnder } from '../shared/domain/halt.ts';
import type { Instance } from '../shared/domain/instance.ts';
import { closeScope, voidDecisions } from '../shared/jobs/halt-scope.ts';
import { listAgents } from '../shared/store/agent-store.ts';
import { momentNow } from '../shared/store/calendar-store.ts';
import { clearEmergency } from '../shared/store/emergency-store.ts';
import { getHalt, publishTurn, turnHalt } from '../shared/store/halt-store.ts';
import { listFleet } from '../shared/store/instance-store.ts';
import { recover } from '../shared/store/recovery-store.ts';
import { openRequests, touchRequest } from '../shared/store/request-store.ts';
import { readSpec } from '../shared/store/spec-cache.ts';
import { theAgent } from './agents.ts';
import type { Reach } from './command.ts';
import { text } from './fields.ts';

export const WHERE = {
  agent: text('one agent alone', 'id'),
  department: text('one department alone', 'name'),
};

export type Where = { readonly agent: string | undefined; readonly department: string | undefined };

const LOOK_MS = 25;
const FOLLOW_MS = 20_000;

export type HaltView = {
  readonly id: string;
  readonly on: boolean;
  readonly reason: string;
  readonly by: string;
  readonly at: string | null;
  /** Agents that ran when it was turned on, and run again when it is off. */
  readonly stopped: readonly string[];
  /** Everything that follows from the last turn is done. */
  readonly settled: boolean;
};

export type Stopwatch = {
  /** Until no run could start and no call be paid, from the moment the order came. */
  readonly admissionClosedMs: number;
  /** Until nothing ran any more; null: not yet. */
  readonly quietMs: number | null;
  readonly running: readonly string[];
  /** Spent after admission was closed: calls that had been sent before. */
  readonly settledAfterMicros: number;
  readonly voided: number;
};

/** @throws NovaError bad_input for both an agent and a department, not_found for an unknown one. */
export async function scopeOf({ world }: Reach, { agent, department }: Where): Promise<Scope> {
  if (agent !== undefined && department !== undefined)
    throw new NovaError('bad_input', 'expected --agent or --department, not both');
  if (agent !== undefined) return agentScope((await theAgent(world, agent)).id);
  if (department === undefined) return 'fleet';
  const known = (await listAgents(world.table)).some((one) => one.department === department);
  if (!known) throw new NovaError('not_found', `no agent is in a department "${department}"`);
  return departmentScope(department);
}

export const haltView = (halt: Halt): HaltView => ({
  id: halt.scope,
  on: halt.on,
  reason: halt.reason,
  by: halt.by,
  at: halt.at ? new Date(halt.at).toISOString() : null,
  stopped: halt.stopped ?? [],
  settled: isSettled(halt),
});

export type Order = { readonly scope: Scope; readonly reason: string; readonly waitSeconds: number };

/** Admission first, the rest after; then it looks until nothing runs, or `waitSeconds` are over. */
export async function turnOn(reach: Reach, { scope, reason, waitSeconds }: Order): Promise<HaltView & Stopwatch> {
  const { world, actor, place } = reach;
  const began = performance.now();
  const since = (): number => Math.round((performance.now() - began) * 10) / 10;
  const { halt, posted } = await turnHalt(world, { scope, on: true, actor, reason });
  const agents = await closeScope(world, halt);
  const admissionClosedMs = since();
  const spentBefore = costOf(await under(reach, agents));
  await publishTurn(world, posted);
  const voided = await voidDecisions(world, agents, halt);
  const end = began + waitSeconds * 1000;
  let left = await look(reach, agents, scope);
  // Without an engine there is nobody whose end could be waited for.
  while (left.busy && performance.now() < end && place.kind !== 'directory') {
    await sleep(LOOK_MS);
    left = await look(reach, agents, scope);
  }
  return {
    ...haltView(await getHalt(world.table, scope)),
    ...{ admissionClosedMs, quietMs: left.busy ? null : since(), running: left.running, voided },
    settledAfterMicros: costOf(left.instances) - spentBefore,
  };
}

type Left = { readonly instances: readonly Instance[]; readonly running: readonly string[]; readonly busy: boolean };

/** What still runs. A lease whose holder died is ended here, as soon as it is over. */
async function look(reach: Reach, agents: readonly Agent[], scope: Scope): Promise<Left> {
  const { world, place } = reach;
  const instances = await under(reach, agents);
  const leased = instances.filter(({ run }) => run !== null);
  for (const instance of leased) {
    if ((instance.run?.leaseUntil ?? 0) > world.time.now()) continue;
    const spec = await readSpec(world.table, instance.agentId, instance.specVersion);
    await recover(world, instance, { spec, blame: 'platform' });
  }
  const running = leased.map(({ agentId, number }) => `${agentId}#${number}`);
  const followed = place.kind === 'directory' || isSettled(await getHalt(world.table, scope));
  return { instances, running, busy: running.length > 0 || !followed };
}

async function under({ world }: Reach, agents: readonly Agent[]): Promise<readonly Instance[]> {
  const ids = new Set(agents.map(({ id }) => id));
  return (await listFleet(world.table)).filter(({ agentId }) => ids.has(agentId));
}

const costOf = (instances: readonly Instance[]): number =>
  instances.reduce((sum, { total, run }) => sum + total.costMicros + (run?.sentMicros ?? 0), 0);

/** What ran before runs again: by the order that is sent; what was asked for by hand is asked for again. */
export async function turnOff(reach: Reach, { scope, reason }: Pick<Order, 'scope' | 'reason'>): Promise<HaltView> {
  const { world, actor } = reach;
  if (scope === 'fleet') {
    const { date } = await momentNow(world);
    const attempted = attemptedMicros(await listFleet(world.table), date);
    const { on } = await getHalt(world.table, scope);
    const { posted } = await turnHalt(world, { scope, on: false, actor, reason });
    // After the turn, whose right was checked; before the order, so that the limit does not trip on what it tripped on.
    if (on) await clearEmergency(world.table, date, attempted);
    await publishTurn(world, posted);
  } else {
    const { posted } = await turnHalt(world, { scope, on: false, actor, reason });
    await publishTurn(world, posted);
  }
  await followed(reach, scope);
  await resend(reach, scope);
  return haltView(await getHalt(world.table, scope));
}

/** What is sent before its instance may run would be parked again, for a minute. */
async function followed({ world, place }: Reach, scope: Scope): Promise<void> {
  if (place.kind === 'directory') return;
  const end = performance.now() + FOLLOW_MS;
  while (performance.now() < end && !isSettled(await getHalt(world.table, scope))) await sleep(LOOK_MS);
}

async function resend({ world }: Reach, scope: Scope): Promise<void> {
  const agents = (await listAgents(world.table)).filter((agent) => isUnder(scope, agent));
  const ids = new Set(agents.map(({ id }) => id));
  for (const request of await openRequests(world.table)) {
    if (!ids.has(request.agentId)) continue;
    if (!(await touchRequest(world.table, request, world.time.now()))) continue;
    await world.runs.send({ v: 1, kind: 'request', requestId: request.id, hop: 0 });
  }
}
