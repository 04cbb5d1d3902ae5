/**
 * Each minute: what a crash left behind is taken up again. Leases that ran out, messages that were written but not
 * sent, requests that nobody works on, approvals past their time. Every part is idempotent, and none stops the others.
 */
import type { JsonObject } from '../domain/agent.ts';
import { messageOf } from '../domain/error.ts';
import type { Instance } from '../domain/instance.ts';
import { endOf } from '../domain/run.ts';
import type { World } from '../ports/world.ts';
import type { ScheduleJob } from '../runtime/job.ts';
import { anchorWhenDue } from '../store/anchor-store.ts';
import { expireDue } from '../store/approval-expiry.ts';
import { adoptZone } from '../store/calendar-store.ts';
import { type FleetReading, fleetReading } from '../store/fleet-reading.ts';
import { getInstance } from '../store/instance-store.ts';
import { publishLeftovers } from '../store/outbox-store.ts';
import { lastBeat, WATCH_BEAT } from '../store/pulse-store.ts';
import { openRequests, touchRequest } from '../store/request-store.ts';
import { fleetMetrics } from './fleet-metrics.ts';
import { giveUpExpired, takeUpLost } from './lost-run.ts';
import { nudgeDue } from './nudge-approvals.ts';
import { suspectRunaways } from './suspect-runaways.ts';
import { isWatchTime, watchAlerts } from './watch-alerts.ts';
import { watchEmergency } from './watch-emergency.ts';
import { isRootTime, watchOrigin } from './watch-origin.ts';
import { watchTasks } from './watch-tasks.ts';

const NEEDS = {
  table: true,
  time: true,
  ids: true,
  hashing: true,
  settings: true,
  log: true,
  work: true,
  runs: true,
  revenue: true,
  launcher: true,
  gauges: true,
  roots: true,
} as const;
export type SweepPorts = Pick<World, keyof typeof NEEDS>;

/** Outbox items younger than this are on their way: their writer is still at it. */
const OUTBOX_AGE_MS = 60_000;
/** A request is sent again when its instance has been free for so long: its message is gone, or waits for nothing. */
const IDLE_MS = 3 * 60_000;
/** One that was handed on as often as it may be rests for so long. */
const REST_MS = 15 * 60_000;

export const sweepJob: ScheduleJob<SweepPorts> = { name: 'sweep', needs: NEEDS, run: (world) => sweep(world) };

export async function sweep(world: SweepPorts): Promise<JsonObject> {
  const fleet = fleetReading(world.table);
  // First: what follows might spend.
  const roots = isRootTime(world.time.now());
  const restored = await part(world, 'origin', async () => Number((await watchOrigin(world, { roots })) !== null), 0);
  const done = {
    restored,
    metrics: await part(world, 'metrics', () => fleetMetrics(world, fleet), null),
    recovered: await part(world, 'leases', () => recoverExpired(world, 'agent', fleet), 0),
    takenUp: isWatchTime(world.time.now())
      ? await part(world, 'lost runs', async () => takeUpLost(world, (await fleet()).instances), 0)
      : 0,
    tasks: await part(world, 'tasks', () => watchTasks(world), 0),
    published: await part(world, 'outbox', () => publishLeftovers(world, world.time.now() - OUTBOX_AGE_MS), 0),
    resent: await part(world, 'requests', () => resendRequests(world), 0),
    adopted: await part(world, 'zone', async () => Number(await adoptZone(world)), 0),
    suspected: await part(world, 'runaways', () => suspectRunaways(world, fleet), 0),
    emergency: await part(world, 'emergency limit', () => watchEmergency(world, fleet), 'calm'),
    anchored: await part(world, 'anchors', () => anchorWhenDue(world), 0),
    nudged: await part(world, 'open requests', () => nudgeDue(world), 0),
    alerted: isWatchTime(world.time.now()) ? await part(world, 'alerts', () => watchAlerts(world), null) : 0,
    expired: await part(world, 'approvals', async () => (await expireDue(world, world.time.now())).expired, 0),
  };
  const failed = done.alerted === null ? await part(world, 'watch', () => blindness(world), null) : null;
  return { ...done, alerted: done.alerted ?? 0, ...(failed !== null && { failed }) };
}

/** A look that fails can tell nobody. When none has ended well for so long, the sweep itself fails, and others tell of that. */
const BLIND_MS = 20 * 60_000;

async function blindness(world: SweepPorts): Promise<string | null> {
  const blindMs = world.time.now() - (await lastBeat(world, WATCH_BEAT));
  const minutes = Math.floor(blindMs / 60_000);
  return blindMs < BLIND_MS ? null : `for ${minutes} min nobody could look at what is wrong: no alert is raised`;
}

async function part<T>({ log }: SweepPorts, name: string, work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    log.error('a part of the sweep failed', { part: name, why: messageOf(thrown) });
    return otherwise;
  }
}

/**
 * At the start of an engine that holds the lock every old holder is dead, expired or not, and nobody is about to send
 * what was written and not sent. Before anything is worked it is seen whether the data are the ones it worked on.
 */
export async function takeOver(world: SweepPorts): Promise<void> {
  await part(world, 'origin', () => watchOrigin(world, { roots: true }), null);
  await recoverExpired(world, 'platform');
  await part(world, 'outbox', () => publishLeftovers(world, Number.MAX_SAFE_INTEGER), 0);
}

/** `platform`: whoever held the lease was stopped; that is no crash of the agent. */
export async function recoverExpired(
  world: SweepPorts,
  blame: 'agent' | 'platform' = 'agent',
  fleet: FleetReading = fleetReading(world.table),
): Promise<number> {
  const now = world.time.now();
  const leased = (await fleet()).instances.filter(({ run }) => run && (blame === 'platform' || run.leaseUntil <= now));
  let recovered = 0;
  for (const instance of leased) {
    // One that cannot be recovered keeps no other one waiting.
    const name = `lease of ${instance.agentId}.${instance.number}`;
    recovered += await part(world, name, () => giveUpExpired(world, instance, blame).then(() => 1), 0);
  }
  return recovered;
}

async function resendRequests(world: SweepPorts): Promise<number> {
  const now = world.time.now();
  let resent = 0;
  for (const request of await openRequests(world.table)) {
    const { touchedAt, restedAt } = request;
    if (now - touchedAt < (restedAt === touchedAt ? REST_MS : IDLE_MS)) continue;
    const instance = await getInstance(world.table, request.agentId, request.instance);
    if (instance && isInUse(instance, now)) continue;
    if (!(await touchRequest(world.table, request, now))) continue;
    await world.runs.send({ v: 1, kind: 'request', requestId: request.id, hop: 0 });
    resent++;
  }
  return resent;
}

/** Somebody holds it, or did just now and may go on; under the kill switch nobody may. */
function isInUse({ status, run, journal }: Instance, now: number): boolean {
  if (status === 'halted' || (run && run.leaseUntil > now)) return true;
  const last = journal.at(-1);
  return last !== undefined && now - endOf(last) < IDLE_MS;
}
