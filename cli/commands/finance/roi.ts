import { NovaError } from '../../../shared/domain/error.ts';
import { theAgent } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { text } from '../../fields.ts';
import { type AgentMoney, booksOf, PERIOD, type Rating, ratingOf, totalOf } from '../../finance.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { roiOf, usdOf } from '../../render/words.ts';
import { COST, most, PROFIT, REVENUE, RUNS, spanLine, WHO } from '../../views/finance.ts';

type Rated = AgentMoney & { readonly rating: Rating };

export const command = worldCommand({
  noun: 'finance',
  verb: 'roi',
  summary: 'what an agent, a department or all of them returned on what they cost',
  detail: 'Ratings: from 500 % excellent, 300 good, 100 fair, 0 poor, below negative. Without cost there is no ROI.',
  args: { of: text('an agent or a department (default: all)', 'name') },
  options: { period: PERIOD },
  examples: ['nova finance roi', 'nova finance roi shop', 'nova finance roi sales --period month --json'],
  async run({ of, period }, { world }) {
    const { span, agents } = await booksOf(world, period);
    const some = of === undefined ? agents : agents.filter(({ id, department }) => id === of || department === of);
    // Neither an agent nor a department: say which agents there are.
    if (of !== undefined && some.length === 0) await theAgent(world, of);
    if (of !== undefined && some.length === 0)
      throw new NovaError('not_found', `there is no agent or department "${of}"`);
    const rated = some.map((one): Rated => ({ ...one, rating: ratingOf(one.roiBps) }));
    const total = totalOf(of ?? 'all', some);
    const { id, runs, costMicros, revenueMicros, netMicros, profitMicros, roiBps } = total;
    const sums = { runs, costMicros, revenueMicros, netMicros, profitMicros, roiBps, rating: ratingOf(roiBps) };
    return { id, ...span, ...sums, agents: rated.sort(most((one) => one.profitMicros)) };
  },
  render: (roi, style) =>
    blocks(
      `${style.paint('bold', `ROI ${roiOf(roi.roiBps)}`)} (${roi.rating}): ${usdOf(roi.netMicros)} for ${usdOf(roi.costMicros)}
${spanLine(roi, style)}`,
      table(
        roi.agents,
        [
          WHO,
          RUNS,
          COST,
          REVENUE,
          PROFIT,
          { title: 'ROI', value: ({ roiBps }) => roiOf(roiBps), align: 'right' },
          { title: 'RATING', value: ({ rating }: Rated) => rating, dropOrder: 1 },
        ],
        style,
        'no agents',
      ),
    ),
});
