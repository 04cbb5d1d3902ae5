/** Whether an agent does what it should, and why not. Pausing, cooling after one crash and long runs are no illness. */
import type { Agent } from './agent.ts';
import type { Instance, WaitsFor } from './instance.ts';
import { endOf, tickMs } from './run.ts';
import { saidOf } from './runaway.ts';
import { MAX_FLEET_TASKS } from './task.ts';

export type HealthState = 'healthy' | 'degraded' | 'unhealthy' | 'unknown';
export type Health = { readonly state: HealthState; readonly reasons: readonly string[] };

export type HealthFacts = {
  readonly agent: Agent;
  readonly instances: readonly Instance[];
  readonly crashLimit: number;
  /** The longest regular pause between two ticks; null without a repeating schedule. */
  readonly longestGapSeconds: number | null;
  readonly now: number;
};

type Finding = { readonly state: 'degraded' | 'unhealthy'; readonly reason: string };

/** Crashes in a row that are more than bad luck. */
const WORRYING_STREAK = 2;
/** The widest window in which a tick of a scaled agent may start, and what delivery may take on top. */
const TICK_SLACK_MS = 20 * 60_000;

/** unhealthy beats degraded beats healthy; unknown when there is nothing to judge by. */
export function healthOf(facts: HealthFacts): Health {
  const { agent } = facts;
  if (agent.status === 'draft' || agent.status === 'retired') return { state: 'unknown', reasons: [agent.status] };
  const active = facts.instances.filter(({ status }) => status === 'active');
  const crashes = facts.instances.flatMap((instance) => crashFindings(instance, facts));
  if (agent.status === 'paused') return pausedHealth(agent, [...crashes, ...facts.instances.flatMap(runawayFindings)]);
  const findings = [
    ...crashes,
    ...active.flatMap(runawayFindings),
    ...active.flatMap((instance) => leaseFindings(instance, facts)),
    ...active.flatMap((instance) => waitingFindings(instance, facts)),
    ...missing(facts),
  ];
  const silent = silence(active, facts);
  if (silent) findings.push(silent);
  if (findings.length > 0) return worst(findings);
  const ran = facts.instances.some(({ total, run }) => total.runs > 0 || run !== null);
  return ran ? { state: 'healthy', reasons: [] } : { state: 'unknown', reasons: ['no run yet'] };
}

export type MemoryUse = { readonly number: number; readonly peakMemoryMb: number; readonly memoryMb: number };

/** Of what a task may have. Above that the next page that is a little larger ends it. */
const NEAR_PERCENT = 90;

/** With what the last runs of its tasks used, where that is known: a task near its memory is about to be killed for it. */
export function withMemory({ state, reasons }: Health, uses: readonly MemoryUse[]): Health {
  const near = uses.filter(
    ({ peakMemoryMb, memoryMb }) => memoryMb > 0 && peakMemoryMb * 100 >= memoryMb * NEAR_PERCENT,
  );
  if (near.length === 0) return { state, reasons };
  const said = near.map(
    ({ number, peakMemoryMb, memoryMb }) =>
      `instance ${number}: its last run used ${peakMemoryMb} of ${memoryMb} MB; give it more with: nova agent update --memory`,
  );
  return {
    state: state === 'unhealthy' ? state : 'degraded',
    reasons: [...(state === 'unknown' ? [] : reasons), ...said],
  };
}

function worst(findings: readonly Finding[]): Health {
  const state = findings.some((finding) => finding.state === 'unhealthy') ? 'unhealthy' : 'degraded';
  return { state, reasons: findings.map(({ reason }) => reason) };
}

/** What stopped it by itself is an illness; what a person or a budget stopped is not. */
function pausedHealth({ pauseReason }: Agent, findings: readonly Finding[]): Health {
  const reason = `paused (${pauseReason ?? 'operator'})`;
  if (pauseReason !== 'crash_limit' && pauseReason !== 'runaway') return { state: 'unknown', reasons: [reason] };
  return { state: 'unhealthy', reasons: [reason, ...findings.map((finding) => finding.reason)] };
}

function runawayFindings({ number, slowed, status }: Instance): Finding[] {
  if (!slowed) return [];
  const left = status === 'active' ? '; every second tick is left out' : '';
  return [{ state: 'degraded', reason: `instance ${number} seems to run away: ${saidOf(slowed)}${left}` }];
}

function crashFindings({ number, crashStreak, coolingUntil }: Instance, { crashLimit, now }: HealthFacts): Finding[] {
  if (crashStreak < WORRYING_STREAK) return [];
  const cooling = coolingUntil > now ? `, cooling until ${iso(coolingUntil)}` : '';
  const reason = `instance ${number}: ${crashStreak} crashes in a row (limit ${crashLimit})${cooling}`;
  return [{ state: crashStreak >= crashLimit ? 'unhealthy' : 'degraded', reason }];
}

function leaseFindings({ number, run }: Instance, { now }: HealthFacts): Finding[] {
  if (!run || run.leaseUntil > now) return [];
  const seconds = Math.ceil((now - run.leaseUntil) / 1000);
  return [{ state: 'degraded', reason: `instance ${number}: its run lost its lease ${seconds} s ago` }];
}

/** It is tried again every five minutes at least: what was said longer ago is no longer so. */
const WAITING_MS = 15 * 60_000;
const WAITS: Readonly<Record<WaitsFor, string>> = {
  fleet: `the fleet runs ${MAX_FLEET_TASKS} already, the most there may be`,
  capacity: 'AWS has no room for it right now',
  refused: 'AWS refuses to start it; the log of run-agent says why',
};

/** Its claim was given back for want of a task, and it has not had one since. */
function waitingFindings(instance: Instance, { now }: HealthFacts): Finding[] {
  const { number, run, waiting } = instance;
  if (!waiting || run !== null || now - waiting.at > WAITING_MS || lastActivity(instance) > waiting.at) return [];
  return [{ state: 'degraded', reason: `instance ${number} waits for a task: ${WAITS[waiting.for]}` }];
}

function missing({ agent, instances }: HealthFacts): Finding[] {
  const active = instances.filter(({ status }) => status === 'active').length;
  if (active >= agent.instances || instances.length === 0) return [];
  return [{ state: 'degraded', reason: `${active} of ${agent.instances} instances are active` }];
}

/** A scheduled agent that closed nothing for two intervals, unless it is at work or young. */
function silence(active: readonly Instance[], { agent, longestGapSeconds, now }: HealthFacts): Finding | null {
  if (longestGapSeconds === null || active.some(({ run }) => run !== null)) return null;
  const last = Math.max(agent.updatedAt, ...active.map(lastActivity));
  const allowed = 2 * longestGapSeconds * 1000 + TICK_SLACK_MS;
  if (now - last <= allowed) return null;
  return {
    state: 'degraded',
    reason: `no run closed since ${iso(last)}; one is due at least every ${longestGapSeconds} s`,
  };
}

/** The latest thing this instance did, as far as its own item tells; 0 when it never did anything. */
export function lastActivity({ recent, floor, journal, run }: Instance): number {
  return Math.max(floor, run?.startedAt ?? 0, ...recent.map(tickMs), ...journal.map(endOf));
}

/** The end of the last run that succeeded, as far as the journals still tell; null when they do not. */
export function lastSuccess(instances: readonly Instance[]): number | null {
  const ends = instances
    .flatMap(({ journal }) => journal)
    .filter(({ outcome }) => outcome === 'succeeded')
    .map(endOf);
  return ends.length > 0 ? Math.max(...ends) : null;
}

const iso = (ms: number): string => new Date(ms).toISOString();
