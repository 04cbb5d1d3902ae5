import { NovaError } from '../../../shared/domain/error.ts';
import { firings } from '../../../shared/domain/schedule/next.ts';
import { parseSchedule } from '../../../shared/domain/schedule/parse.ts';
import { assertTimezone, localAt, offsetAt } from '../../../shared/domain/zone.ts';
import { hereCommand } from '../../command.ts';
import { count, defaulting, moment, needed, text } from '../../fields.ts';
import { table } from '../../render/table.ts';

export const command = hereCommand({
  noun: 'schedule',
  verb: 'next',
  summary: 'the next times a schedule fires, summer time and skipped days included',
  detail:
    'A time that the clock skips does not fire; a time that comes twice fires once, at the first. A rate counts from the moment it is created (here: --after).',
  args: { expression: needed(text('cron(…), rate(…) or at(…)', 'expression')) },
  options: {
    tz: defaulting(text('IANA time zone', 'zone'), 'UTC'),
    after: moment('only what fires after this time (default now)'),
    count: defaulting(count('how many', { min: 1, max: 1000 }), 5),
  },
  examples: [
    "nova schedule next 'cron(0 9 ? * MON-FRI *)' --tz Europe/Berlin",
    "nova schedule next 'cron(30 2 * * ? *)' --tz America/New_York --after 2026-03-07T00:00:00Z --count 3",
    "nova schedule next 'rate(5 minutes)' --json",
  ],
  async run({ expression, tz, after, count: wanted }) {
    const schedule = parseSchedule(expression);
    assertTimezone(tz);
    const times: { id: string; at: string; local: string; timezone: string }[] = [];
    for (const at of firings(schedule, tz, after ?? Date.now())) {
      times.push({
        id: String(times.length + 1),
        at: new Date(at).toISOString(),
        local: localText(at, tz),
        timezone: tz,
      });
      if (times.length >= wanted) break;
    }
    if (times.length === 0) throw new NovaError('not_found', `"${expression}" never fires after that time`);
    return times;
  },
  render: (times, style) =>
    table(
      times,
      [
        { title: 'AT (UTC)', value: ({ at }) => at },
        { title: 'ON THE WALL', value: ({ local }) => local },
        { title: 'ZONE', value: ({ timezone }) => timezone, min: 8 },
      ],
      style,
      'never',
    ),
});

/** `Sun 2026-03-08 03:30:00 -04:00` */
function localText(at: number, timezone: string): string {
  const local = new Date(localAt(at, timezone));
  const offset = Math.round(offsetAt(at, timezone) / 60_000);
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map((n) =>
    String(n).padStart(2, '0'),
  );
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][local.getUTCDay()];
  return `${day} ${local.toISOString().slice(0, 19).replace('T', ' ')} ${offset < 0 ? '-' : '+'}${hours}:${minutes}`;
}
