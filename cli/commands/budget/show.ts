import { agentScope } from '../../../shared/domain/budget.ts';
import { listAgents } from '../../../shared/store/agent-store.ts';
import { type BudgetView, viewBudget } from '../../../shared/store/budget-view.ts';
import { theScope } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { flag, text } from '../../fields.ts';
import type { Style } from '../../render/style.ts';
import { table } from '../../render/table.ts';
import { usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'budget',
  verb: 'show',
  summary: 'what may be spent today, and what is spent, reserved and left',
  // The first one's numbers stand at the top: the fleet's, or those that were asked for.
  detail: 'States: healthy below 75 %, warning from 75, critical from 90, exceeded from 100.',
  args: { scope: text('fleet, or the id of an agent (default: all)', 'scope') },
  options: { all: flag('retired agents as well') },
  examples: ['nova budget show', 'nova budget show fleet --json', 'nova budget show shop'],
  async run({ scope, all }, { world }) {
    const agents = scope === undefined ? await listAgents(world.table) : [];
    const shown = agents.filter(({ status }) => all || status !== 'retired');
    const scopes =
      scope === undefined ? ['fleet', ...shown.map(({ id }) => agentScope(id))] : [await theScope(world, scope)];
    const budgets = await Promise.all(scopes.map((one) => viewBudget(world, one)));
    const [first] = budgets;
    if (!first) throw new RangeError('one scope in, no budget out');
    return { ...first, timezone: world.settings.timezone, budgets };
  },
  render: ({ budgets, period, timezone }, style) =>
    `${renderBudgets(budgets, style)}\n\n${style.paint('dim', `the day ${period} in ${timezone}`)}`,
});

export function renderBudgets(budgets: readonly BudgetView[], style: Style): string {
  return table(
    budgets,
    [
      { title: 'SCOPE', value: ({ id }) => id, min: 12 },
      { title: 'LIMIT', value: ({ limitMicros }) => usdOf(limitMicros), align: 'money' },
      { title: 'SPENT', value: ({ spentMicros }) => usdOf(spentMicros), align: 'money' },
      { title: 'RESERVED', value: ({ reservedMicros }) => usdOf(reservedMicros), align: 'money', dropOrder: 1 },
      { title: 'LEFT', value: ({ availableMicros }) => usdOf(availableMicros), align: 'money' },
      { title: 'USED', value: ({ percent }) => `${percent} %`, align: 'right' },
      { title: 'STATE', value: ({ status }) => status, state: true },
    ],
    style,
    'no budgets',
  );
}
