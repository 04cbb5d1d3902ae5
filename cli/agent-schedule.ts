/** The schedule of an agent as people write it: an expression of EventBridge Scheduler and a zone. */
import type { AgentSchedule } from '../shared/domain/agent.ts';
import { NovaError } from '../shared/domain/error.ts';
import { nextFiring } from '../shared/domain/schedule/next.ts';
import { parseSchedule } from '../shared/domain/schedule/parse.ts';
import { assertTimezone } from '../shared/domain/zone.ts';
import type { Reach } from './command.ts';
import { text } from './fields.ts';

export const SCHEDULE_OPTIONS = {
  schedule: text('cron(…), rate(…) or at(…), as EventBridge Scheduler reads them', 'expression'),
  timezone: text("IANA zone of the schedule (default: the owner's)", 'zone'),
} as const;

export type ScheduleInput = { readonly schedule: string | undefined; readonly timezone: string | undefined };

/**
 * `before`: the schedule that it has, of which what is not named stays.
 * @returns null for no schedule. @throws NovaError bad_input: no expression, no zone, or one that never fires.
 */
export function scheduleFrom(
  { schedule, timezone }: ScheduleInput,
  { settings, time }: Pick<Reach['world'], 'settings' | 'time'>,
  before: AgentSchedule | null = null,
): AgentSchedule | null {
  const zone = timezone ?? before?.timezone ?? settings.timezone;
  const expression = schedule ?? before?.expression;
  const now = time.now();
  assertTimezone(zone);
  if (expression === undefined) {
    if (timezone !== undefined) throw new NovaError('bad_input', '--timezone is about a --schedule, and there is none');
    return null;
  }
  if (nextFiring(parseSchedule(expression), zone, now) === null) {
    throw new NovaError('bad_input', `"${expression}" never fires after ${new Date(now).toISOString()} in ${zone}`);
  }
  return { expression, timezone: zone };
}
