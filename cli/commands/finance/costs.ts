import { costReport } from '../../../shared/domain/finance/cost.ts';
import { costShareOf } from '../../../shared/domain/finance/cost-share.ts';
import { type SpentOn, spentOn } from '../../../shared/domain/finance/reprice.ts';
import { byMost } from '../../../shared/domain/finance/share.ts';
import { instantsOf } from '../../../shared/domain/finance/span.ts';
import { chargedBetween } from '../../../shared/store/charged-runs.ts';
import { booksOf, type MoneyRow, moneyOf, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting, flag } from '../../fields.ts';
import { overviewOf } from '../../overview.ts';
import { blocks } from '../../render/details.ts';
import { alertsText, costShareText } from '../../render/overview.ts';
import { table } from '../../render/table.ts';
import { centsOf, plural } from '../../render/words.ts';
import { COST, DEPARTMENT, headline, money, PROFIT, ROI, RUNS, SHARE, WHO } from '../../views/finance.ts';
import { itemName, quantityText } from '../../views/receipt.ts';

type Spent = MoneyRow & { readonly shareBps: number | null };

export const command = worldCommand({
  noun: 'finance',
  verb: 'costs',
  summary: 'what the runs cost, by agent and department, the dearest first',
  detail:
    'Costs are charged to the day of the owner’s zone in which a run was claimed. The share of the revenue is that of the same days; alerts speak of the agents’ whole lives, today’s budget and the running month.',
  args: {},
  options: {
    ...SPAN,
    kinds: flag('also what it was spent on: tokens by model and kind, tools, compute, platform'),
    limit: defaulting(count('how many agents are shown; --json has all', { min: 1, max: 1000 }), 5),
  },
  examples: [
    'nova finance costs --period today',
    'nova finance costs --period week --kinds',
    'nova finance costs --period week',
    'nova finance costs --period month --json',
  ],
  async run({ limit, kinds, ...asked }, { world }) {
    const books = await booksOf(world, asked, 'all');
    const { total, agents, departments } = moneyOf(books);
    const report = costReport(books.costs);
    const shares = new Map([...report.byAgent, ...report.byDepartment].map(({ id, shareBps }) => [id, shareBps]));
    const spentOf = (rows: readonly MoneyRow[]): Spent[] =>
      rows
        .filter(({ costMicros, runs }) => costMicros > 0 || runs > 0)
        .map((row) => ({ ...row, shareBps: shares.get(row.id) ?? null }))
        .sort(byMost((one) => one.costMicros));
    const { costMicros, runs, netMicros, profitMicros, roiBps } = total;
    const { alerts } = await overviewOf(world);
    const charged = kinds ? await chargedBetween(world, instantsOf(books.span)) : [];
    return {
      ...{ id: 'costs', ...spanView(books), costMicros, runs, netMicros, profitMicros, roiBps },
      ...{ ...costShareOf(costMicros, netMicros), limit },
      agents: spentOf(agents),
      departments: spentOf(departments),
      items: spentOn(charged),
      alerts,
    };
  },
  render: (costs, style) =>
    blocks(
      headline(
        `${centsOf(costs.costMicros)} for ${plural(costs.runs, 'run')}`,
        costs,
        style,
        `revenue ${centsOf(costs.netMicros)} net, profit ${centsOf(costs.profitMicros)}`,
        costShareText(costs, style),
      ),
      table(
        costs.agents.slice(0, costs.limit),
        [WHO, RUNS, COST, SHARE, { ...money<Spent>('REVENUE', 'netMicros'), dropOrder: 2 }, PROFIT, ROI],
        style,
        'nothing was spent',
      ),
      costs.agents.length > costs.limit
        ? style.paint('dim', `and ${plural(costs.agents.length - costs.limit, 'more agent')}: --limit, or --json`)
        : '',
      table(costs.departments, [DEPARTMENT, RUNS, COST, SHARE], style, ''),
      costs.items.length > 0
        ? table(
            costs.items,
            [
              { title: 'SPENT ON', value: ({ id }: SpentOn) => itemName(id), min: 12 },
              { title: 'QUANTITY', value: (row: SpentOn) => quantityText(row.quantity, row.unit), align: 'right' },
              money<SpentOn>('AMOUNT', 'amountMicros'),
            ],
            style,
            '',
          )
        : '',
      alertsText(costs.alerts, style),
    ),
});
