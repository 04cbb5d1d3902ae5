/** Every five minutes, in the sweep: what is wrong is raised once, what is over ends, and whoever is to hear of it does. */

import type { Agent } from '../domain/agent.ts';
import { type AlertMove, movesOf } from '../domain/alert/alert.ts';
import { dueOf } from '../domain/alert/channel.ts';
import { findingsOf } from '../domain/alert/rules.ts';
import type { WatchedTask } from '../domain/alert/stuck-tasks.ts';
import { messageOf } from '../domain/error.ts';
import { FAMILIES } from '../domain/task.ts';
import { localAt } from '../domain/zone.ts';
import type { World } from '../ports/world.ts';
import { alertFacts } from '../store/alert-facts.ts';
import { listAlerts, moveAlert } from '../store/alert-store.ts';
import { calendarAt } from '../store/calendar-store.ts';
import { listChannels } from '../store/channel-store.ts';
import { looked, WATCH_BEAT } from '../store/pulse-store.ts';
import { ticketOf } from './launch-run.ts';

export type WatchPorts = Pick<World, 'table' | 'time' | 'settings' | 'gauges' | 'work' | 'launcher' | 'log'>;

/** How often it is looked; a tick that the platform left out is made up for by the next one. */
export const WATCH_MINUTES = 5;
const MINUTE_MS = 60_000;

/** Whether this minute is one to look in. */
export const isWatchTime = (now: number): boolean => Math.floor(now / MINUTE_MS) % WATCH_MINUTES === 0;

/** Answers how many alerts began or ended. Two at the same time: one of them writes, both may tell, and it is told once. */
export async function watchAlerts(ports: WatchPorts): Promise<number> {
  const { table, time } = ports;
  const known = await listAlerts(table);
  const facts = await alertFacts(ports, { known, tasksOf: (agents) => tasksOf(ports, agents) });
  const moves = movesOf(known, findingsOf(facts), time.now());
  for (const move of moves) await moveAlert(ports, move);
  await tellDue(ports);
  await looked(ports, WATCH_BEAT, facts.watchedSince);
  return moves.filter(isNews).length;
}

/** ECS is asked where agents run in tasks, retired ones too; when it does not answer, the table alone says what it knows. */
async function tasksOf(
  { launcher, log }: WatchPorts,
  agents: readonly Agent[],
): Promise<readonly WatchedTask[] | null> {
  const families = agents.flatMap(({ compute }) => (compute === undefined ? [] : [FAMILIES[compute]]));
  try {
    const listed = await Promise.all([...new Set(families)].map((family) => launcher.listTasks(family)));
    return listed.flat().flatMap(({ taskId, environment, createdAt, stopping, stoppingAt }) => {
      const ticket = ticketOf(environment);
      if (!ticket) return [];
      const { agentId, number, kind } = ticket;
      return [{ taskId, agentId, number, createdAt, stopping, stoppingAt, kept: kind === 'keep' }];
    });
  } catch (thrown) {
    log.error('the tasks could not be looked at', { why: messageOf(thrown) });
    return null;
  }
}

const isNews = ({ do: what }: AlertMove): boolean => what === 'raise' || what === 'resolve';

/** What is due follows from the alerts as they are: a lost message is sent again by the next look. */
export async function tellDue(ports: Pick<WatchPorts, 'table' | 'time' | 'settings' | 'work'>): Promise<void> {
  const now = ports.time.now();
  const { timezone } = await calendarAt(ports, now);
  const minuteOfDay = Math.floor(localAt(now, timezone) / MINUTE_MS) % 1_440;
  const due = dueOf(await listAlerts(ports.table), await listChannels(ports.table), { now, minuteOfDay });
  for (const { alert, channel, told } of due) {
    const { id: alertId, episode } = alert;
    await ports.work.send({ v: 1, kind: 'tell-alert', alertId, episode, channel: channel.name, told });
  }
}
