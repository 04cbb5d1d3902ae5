import { worldCommand } from '../../command.ts';
import { count, defaulting, text } from '../../fields.ts';
import { scopeOf, turnOn, WHERE } from '../../halt.ts';
import { plural, usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'killswitch',
  verb: 'on',
  summary: 'stop everything now: no run, no paid call, until a person says otherwise',
  detail:
    'Closes admission first, then schedules, tasks, holds and open approvals, and watches until nothing runs. Payments go on being booked. Agents are not changed: off brings back what ran before, and only that. Exit code 1 when something still ran at the end of --wait.',
  args: {},
  options: {
    ...WHERE,
    why: text('the reason, for the audit trail and the mail', 'sentence'),
    wait: defaulting(count('seconds to watch until nothing runs', { min: 0, max: 600 }), 150),
  },
  examples: [
    "nova killswitch on --why 'it buys things I never asked for'",
    'nova killswitch on --agent shop',
    'nova killswitch on --department sales --wait 0 --json',
    'nova halt on',
  ],
  async run({ agent, department, why, wait }, reach) {
    const scope = await scopeOf(reach, { agent, department });
    return turnOn(reach, { scope, reason: why ?? '', waitSeconds: wait });
  },
  exit: ({ quietMs }) => (quietMs === null ? 1 : 0),
  render(view, style) {
    const { id, stopped, admissionClosedMs, quietMs, running, voided, settledAfterMicros } = view;
    const whom = id === 'fleet' ? 'everything' : id;
    const watch =
      quietMs === null
        ? style.paint('red', `still under way: ${running.join(', ') || 'schedules and tasks'}`)
        : `nothing runs, nothing spends   ${seconds(quietMs)}`;
    return [
      style.paint('bold', `The kill switch is on for ${whom}.`),
      `no new run, no new paid call   ${seconds(admissionClosedMs)}`,
      watch,
      `${plural(stopped.length, 'agent')} stopped, ${plural(voided, 'open decision')} voided, ${usdOf(settledAfterMicros)} settled for calls sent before`,
      style.paint('dim', `It stays on until: nova killswitch off${flagOf(id)} --why '…'`),
    ].join('\n');
  },
});

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;
const flagOf = (scope: string): string => (scope === 'fleet' ? '' : ` --${scope.replace(':', ' ')}`);
