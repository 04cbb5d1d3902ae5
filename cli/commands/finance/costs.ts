import { worldCommand } from '../../command.ts';
import { booksOf, byDepartment, PERIOD, totalOf } from '../../finance.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { plural, usdOf } from '../../render/words.ts';
import { COST, DEPARTMENT, most, RUNS, spanLine, WHO } from '../../views/finance.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'costs',
  summary: 'what the runs cost, by agent and department, the dearest first',
  args: {},
  options: { period: PERIOD },
  examples: ['nova finance costs --period today', 'nova finance costs --period month --json'],
  async run({ period }, { world }) {
    const { span, agents } = await booksOf(world, period);
    const spent = agents
      .filter(({ costMicros, runs }) => costMicros > 0 || runs > 0)
      .sort(most((one) => one.costMicros));
    const { costMicros, runs } = totalOf('costs', spent);
    return { id: 'costs', ...span, costMicros, runs, agents: spent, departments: byDepartment(spent) };
  },
  render: (costs, style) =>
    blocks(
      `${style.paint('bold', usdOf(costs.costMicros))} for ${plural(costs.runs, 'run')}\n${spanLine(costs, style)}`,
      table(costs.agents, [WHO, RUNS, COST], style, 'nothing was spent'),
      costs.departments.length > 1 ? table(costs.departments, [DEPARTMENT, RUNS, COST], style, '') : '',
    ),
});
