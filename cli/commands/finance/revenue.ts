import { UNATTRIBUTED_ID } from '../../../shared/domain/ledger.ts';
import { worldCommand } from '../../command.ts';
import { booksOf, byDepartment, PERIOD, totalOf } from '../../finance.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { usdOf } from '../../render/words.ts';
import { DEPARTMENT, FEES, most, NET, REFUNDS, REVENUE, spanLine, WHO } from '../../views/finance.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'revenue',
  summary: 'what came in, less refunds and fees, by agent and department',
  detail: 'Booked money, once per movement. What no agent can be found for stands under (unattributed).',
  args: {},
  options: { period: PERIOD },
  examples: ['nova finance revenue', 'nova finance revenue --period week --json'],
  async run({ period }, { world }) {
    const { span, agents } = await booksOf(world, period);
    const earners = agents
      .filter(
        ({ revenueMicros, refundMicros, feeMicros }) => revenueMicros !== 0 || refundMicros !== 0 || feeMicros !== 0,
      )
      .sort(most((one) => one.netMicros));
    const { revenueMicros, refundMicros, feeMicros, netMicros } = totalOf('revenue', earners);
    const unattributedMicros = earners.find(({ id }) => id === UNATTRIBUTED_ID)?.netMicros ?? 0;
    const sums = { revenueMicros, refundMicros, feeMicros, netMicros, unattributedMicros };
    return { id: 'revenue', ...span, ...sums, agents: earners, departments: byDepartment(earners) };
  },
  render: (revenue, style) =>
    blocks(
      `${style.paint('bold', usdOf(revenue.netMicros))} net\n${spanLine(revenue, style)}`,
      table(revenue.agents, [WHO, REVENUE, REFUNDS, FEES, NET], style, 'nothing came in'),
      revenue.departments.length > 1
        ? table(revenue.departments, [DEPARTMENT, REVENUE, REFUNDS, FEES, NET], style, '')
        : '',
    ),
});
