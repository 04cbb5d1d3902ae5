import { NovaError } from '../../../shared/domain/error.ts';
import { allOperators } from '../../../shared/store/operator-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { operatorView, renderOperator } from '../../views/operator.ts';

export const command = worldCommand({
  noun: 'operator',
  verb: 'show',
  summary: 'one person, with roles, logins and passkeys',
  args: { id: needed(text('the id of the operator', 'id')) },
  options: {},
  examples: ['nova operator show owner', 'nova operator show alice --json'],
  async run({ id }, { world }) {
    const operator = (await allOperators(world)).find((one) => one.id === id);
    if (!operator) throw new NovaError('not_found', `there is no operator "${id}"; nova operator list`);
    return operatorView(operator);
  },
  render: renderOperator,
});
