import { addDays, dayOf } from '../../../shared/domain/period.ts';
import { budgetHistory } from '../../../shared/store/budget-history.ts';
import { theScope } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting, text } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'budget',
  verb: 'history',
  summary: 'what was spent under each day’s limit',
  detail: 'A day on which nothing was spent had no budget. The limit is the last one of that day.',
  args: { scope: defaulting(text('fleet, or the id of an agent', 'scope'), 'fleet') },
  options: { days: defaulting(count('days, today included', { min: 1, max: 400 }), 14) },
  examples: ['nova budget history', 'nova budget history shop --days 30 --json'],
  async run({ scope: named, days }, { world }) {
    const { timezone } = world.settings;
    const scope = await theScope(world, named);
    const to = dayOf(world.time.now(), timezone);
    const from = addDays(to, 1 - days);
    const rows = await budgetHistory(world, scope, { from, to });
    return { id: scope, timezone, from, to, days: rows.map((row) => ({ id: row.date, ...row })) };
  },
  render: ({ id, from, to, timezone, days }, style) =>
    blocks(
      `${style.paint('bold', id)}\n${style.paint('dim', `${from} to ${to} (${timezone})`)}`,
      table(
        days,
        [
          { title: 'DAY', value: ({ date }) => date },
          { title: 'LIMIT', value: ({ limitMicros }) => usdOf(limitMicros), align: 'money' },
          { title: 'SPENT', value: ({ spentMicros }) => usdOf(spentMicros), align: 'money' },
          { title: 'USED', value: ({ percent }) => (percent === null ? '–' : `${percent} %`), align: 'right' },
          { title: 'RUNS', value: ({ runs }) => String(runs), align: 'right' },
          { title: 'REFUSED', value: ({ refused }) => String(refused), align: 'right' },
          { title: 'STATE', value: ({ status }) => status ?? '–', state: true },
        ],
        style,
        'no days',
      ),
    ),
});
