import { costShareOf } from '../../../shared/domain/finance/cost-share.ts';
import { incomeBy } from '../../../shared/domain/finance/income.ts';
import { roiReport, topPerformers } from '../../../shared/domain/finance/roi.ts';
import { byMost } from '../../../shared/domain/finance/share.ts';
import { UNATTRIBUTED_ID } from '../../../shared/domain/ledger.ts';
import { booksOf, earned, moneyOf, plain, SPAN, spanView, withNobody } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { heldMoney, heldText, withHeld } from '../../held-back.ts';
import { overviewOf } from '../../overview.ts';
import { blocks } from '../../render/details.ts';
import { adviceText } from '../../render/overview.ts';
import { table } from '../../render/table.ts';
import { centsOf } from '../../render/words.ts';
import { targetText } from '../../targets.ts';
import {
  DEPARTMENT,
  FEES,
  foreignColumn,
  foreignLine,
  GROSS,
  HELD,
  headline,
  money,
  NET,
  named,
  REFUNDS,
  SHARE,
  shareOf,
  WHO,
} from '../../views/finance.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'revenue',
  summary: 'what came in, less refunds and fees, by source, agent and department',
  detail:
    'Booked money, once per movement, in the owner’s time zone. What no agent can be found for stands under (unattributed); what no rate is known for stands beside the dollars. The target is that of the running month, whatever days are asked for.',
  args: {},
  options: SPAN,
  examples: [
    'nova finance revenue',
    'nova finance revenue --period week --json',
    'nova finance revenue --from 2026-03-01 --to 2026-03-31',
  ],
  async run(asked, { world }) {
    const books = await booksOf(world, asked, 'all');
    const { total, departments, ...found } = moneyOf(books);
    const { advice, target } = await overviewOf(world);
    const { revenueMicros, refundMicros, feeMicros, netMicros, unconverted, costMicros, profitMicros } = total;
    const held = await heldMoney(world, books);
    const agents = withNobody(found.agents.filter(earned))
      .sort(byMost((one) => one.netMicros))
      .map((one) => withHeld(one, held.of.get(one.id)));
    const unattributedMicros = agents.find(({ id }) => id === UNATTRIBUTED_ID)?.netMicros ?? 0;
    return {
      ...{ id: 'revenue', ...spanView(books) },
      ...{ revenueMicros, refundMicros, feeMicros, netMicros, unattributedMicros, unconverted },
      ...held.total,
      ...{ costMicros, profitMicros, burnMicros: costMicros, ...costShareOf(costMicros, netMicros) },
      sources: incomeBy(books.entries, ({ source }) => source).map(plain),
      agents,
      departments: departments.filter(earned),
      top: topPerformers(roiReport(books).byAgent).map(plain),
      ...{ target, advice },
    };
  },
  render: (revenue, style) =>
    blocks(
      headline(
        `${centsOf(revenue.netMicros)} net`,
        revenue,
        style,
        `gross ${centsOf(revenue.revenueMicros)}, refunds ${centsOf(revenue.refundMicros)}, fees ${centsOf(revenue.feeMicros)}; unattributed ${centsOf(revenue.unattributedMicros)}`,
        heldText(revenue),
        `cost (burn) ${centsOf(revenue.costMicros)}, profit ${centsOf(revenue.profitMicros)}`,
        foreignLine(revenue.unconverted, style),
      ),
      table(
        revenue.agents,
        [WHO, GROSS, REFUNDS, FEES, NET, HELD, ...foreignColumn(revenue.agents)],
        style,
        'nothing came in',
      ),
      table(
        revenue.sources,
        [named('SOURCE'), money('GROSS', 'revenueMicros'), money('NET', 'netMicros'), SHARE],
        style,
        '',
      ),
      table(revenue.departments, [DEPARTMENT, GROSS, REFUNDS, FEES, NET], style, ''),
      table(
        revenue.top,
        [
          named('TOP BY PROFIT'),
          money('REVENUE', 'netMicros'),
          money('PROFIT', 'profitMicros'),
          { title: 'SHARE', value: ({ shareBps }) => shareOf(shareBps), align: 'right' },
        ],
        style,
        '',
      ),
      targetText(revenue.target, style),
      adviceText(revenue.advice, style),
    ),
});
