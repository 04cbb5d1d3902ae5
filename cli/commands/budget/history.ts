import { isBasic, KINDS } from '../../../shared/domain/budget.ts';
import { PERS } from '../../../shared/domain/calendar.ts';
import { addDays, dayOf } from '../../../shared/domain/period.ts';
import { budgetHistory } from '../../../shared/store/budget-history.ts';
import { type PastBudget, pastBudgets } from '../../../shared/store/budget-view.ts';
import { theScope } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { choice, count, defaulting, text } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import type { Style } from '../../render/style.ts';
import { table } from '../../render/table.ts';
import { usdOf } from '../../render/words.ts';
import { amountOf } from './show.ts';

export const command = worldCommand({
  noun: 'budget',
  verb: 'history',
  summary: 'what was spent under each day’s limit, or under any other limit’s',
  detail:
    'A day on which nothing was spent had no budget. The limit is the last one of that day. With --period or --kind: the periods of that limit in which anything ran.',
  args: { scope: defaulting(text('fleet, department:<name>, or the id of an agent', 'scope'), 'fleet') },
  options: {
    days: defaulting(count('days, today included', { min: 1, max: 400 }), 14),
    period: defaulting(choice('what the limit is for', PERS), 'day'),
    kind: defaulting(choice('what is limited', KINDS), 'usd'),
  },
  examples: [
    'nova budget history',
    'nova budget history shop --days 30 --json',
    'nova budget history fleet --period hour',
  ],
  async run({ scope: named, days, period: per, kind }, { world }) {
    const { timezone } = world.settings;
    const scope = await theScope(world, named);
    const to = dayOf(world.time.now(), timezone);
    const from = addDays(to, 1 - days);
    const line = { scope, kind, per };
    const ofDays = isBasic(line);
    const rows = ofDays ? await budgetHistory(world, scope, { from, to }) : [];
    const periods = ofDays ? [] : await pastBudgets(world.table, line);
    return { id: scope, timezone, from, to, kind, per, days: rows.map((row) => ({ id: row.date, ...row })), periods };
  },
  render: ({ id, from, to, timezone, days, periods, kind, per }, style) => {
    if (!isBasic({ scope: id, kind, per }))
      return blocks(style.paint('bold', `${id}, ${kind} per ${per}`), renderPeriods(periods, style));
    return blocks(
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
    );
  },
});

function renderPeriods(periods: readonly PastBudget[], style: Style): string {
  return table(
    periods,
    [
      { title: 'PERIOD', value: ({ period }) => period },
      { title: 'LIMIT', value: ({ kind, limitMicros }) => amountOf(kind, limitMicros), align: 'money' },
      { title: 'USED', value: ({ kind, usedMicros }) => amountOf(kind, usedMicros), align: 'money' },
      { title: 'OF IT', value: ({ percent }) => `${percent} %`, align: 'right' },
      { title: 'STATE', value: ({ status }) => status, state: true },
    ],
    style,
    'no period has begun under this limit',
  );
}
