import { agentScope, type Kind } from '../../../shared/domain/budget.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { listAgents } from '../../../shared/store/agent-store.ts';
import { type BudgetView, limitedDepartments, linesUnder, viewLine } from '../../../shared/store/budget-view.ts';
import { theScope } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { flag, text } from '../../fields.ts';
import type { Style } from '../../render/style.ts';
import { table } from '../../render/table.ts';
import { usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'budget',
  verb: 'show',
  summary: 'what may be spent, and what is spent, reserved and left',
  // The first one's numbers stand at the top: the fleet's, or those that were asked for.
  detail: 'States: healthy below 75 %, warning from 75, critical from 90, exceeded from 100.',
  args: { scope: text('fleet, department:<name>, or the id of an agent (default: all)', 'scope') },
  options: { all: flag('retired agents as well') },
  examples: ['nova budget show', 'nova budget show fleet --json', 'nova budget show shop'],
  async run({ scope, all }, { world }) {
    const agents = scope === undefined ? await listAgents(world.table) : [];
    const shown = agents.filter(({ status }) => all || status !== 'retired');
    const scopes =
      scope === undefined
        ? ['fleet', ...(await limitedDepartments(world.table)), ...shown.map(({ id }) => agentScope(id))]
        : [await theScope(world, scope)];
    const lines = await linesUnder(world.table, scopes);
    const budgets = await Promise.all(lines.map((line) => viewLine(world, line)));
    const [first] = budgets;
    if (!first) throw new NovaError('not_found', `${scope} has no limit; nova budget set ${scope} <amount> makes one`);
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
      { title: 'PER', value: ({ kind, per }) => (kind === 'usd' ? per : `${kind}/${per}`), dropOrder: 2 },
      { title: 'LIMIT', value: ({ kind, limitMicros }) => amountOf(kind, limitMicros), align: 'money' },
      { title: 'SPENT', value: ({ kind, spentMicros }) => amountOf(kind, spentMicros), align: 'money' },
      {
        title: 'RESERVED',
        value: ({ kind, reservedMicros }) => amountOf(kind, reservedMicros),
        align: 'money',
        dropOrder: 1,
      },
      { title: 'LEFT', value: ({ kind, availableMicros }) => amountOf(kind, availableMicros), align: 'money' },
      { title: 'USED', value: ({ percent }) => `${percent} %`, align: 'right' },
      { title: 'STATE', value: ({ status }) => status, state: true },
    ],
    style,
    'no budgets',
  );
}

/** Dollars as money, everything else as it is counted. */
export const amountOf = (kind: Kind, amount: number): string => (kind === 'usd' ? usdOf(amount) : String(amount));
