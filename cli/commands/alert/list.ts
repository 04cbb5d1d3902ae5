import { listAlerts } from '../../../shared/store/alert-store.ts';
import { worldCommand } from '../../command.ts';
import { flag } from '../../fields.ts';
import { table } from '../../render/table.ts';
import { shortTime } from '../../render/words.ts';
import { alertView } from '../../views/alert.ts';

export const command = worldCommand({
  noun: 'alert',
  verb: 'list',
  summary: 'what is wrong now, the worst first',
  detail:
    'On a stage, CloudWatch watches queues and functions as well; its alarms come by mail and are not listed here.',
  args: {},
  options: { all: flag('also what is over') },
  examples: ['nova alert list', 'nova alert list --all --json'],
  async run({ all }, { world }) {
    const alerts = (await listAlerts(world.table)).filter(({ state }) => all || state !== 'resolved');
    const rank = ({ state, severity }: (typeof alerts)[number]): number =>
      (state === 'resolved' ? 4 : 0) + (severity === 'critical' ? 0 : 2) + (state === 'open' ? 0 : 1);
    return alerts
      .sort((a, b) => rank(a) - rank(b) || b.raisedAt - a.raisedAt)
      .map((alert) => alertView(alert, world.settings.stage));
  },
  render: (alerts, style) =>
    table(
      alerts,
      [
        { title: 'ALERT', value: ({ id }) => id, min: 16 },
        { title: 'SEVERITY', value: ({ severity }) => severity, state: true },
        { title: 'STATE', value: ({ state }) => state, state: true },
        { title: 'SINCE (UTC)', value: ({ raisedAt }) => shortTime(raisedAt), dropOrder: 1 },
        { title: 'WHAT', value: ({ message }) => message, min: 16 },
      ],
      style,
      'nothing is wrong',
    ),
});
