import { viewBudget } from '../../../shared/store/budget-view.ts';
import { setLimit } from '../../../shared/store/limit-store.ts';
import { theScope } from '../../agents.ts';
import { worldCommand } from '../../command.ts';
import { needed, text, usd } from '../../fields.ts';
import { renderBudgets } from './show.ts';

export const command = worldCommand({
  noun: 'budget',
  verb: 'set',
  summary: 'how much may be spent per day',
  detail:
    'It holds from now on, for today as well. A limit below what is spent already stops new runs; it takes nothing back.',
  args: {
    scope: needed(text('fleet, or the id of an agent', 'scope')),
    usd: needed(usd('dollars per day, like 50 or 12.50')),
  },
  options: {},
  examples: ['nova budget set fleet 100', 'nova budget set shop 12.50', 'nova budget set agent:shop 0 --json'],
  async run({ scope: named, usd: limitMicros }, { world, actor }) {
    const scope = await theScope(world, named);
    await setLimit(world, { scope, limitMicros }, actor);
    return viewBudget(world, scope);
  },
  render: (budget, style) => renderBudgets([budget], style),
});
