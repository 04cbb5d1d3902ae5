import { removeOperator } from '../../../shared/store/operator-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { operatorView } from '../../views/operator.ts';

export const command = worldCommand({
  noun: 'operator',
  verb: 'remove',
  summary: 'end what a person may do, at once',
  detail: 'Passkeys and logins go with it; the id is never given again. The last admin cannot be removed.',
  args: { id: needed(text('the id of the operator', 'id')) },
  options: {},
  examples: ['nova operator remove alice'],
  run: async ({ id }, { world, actor }) => operatorView(await removeOperator(world, id, actor)),
  render: ({ id, name }) => `${name} (${id}) may do nothing any more`,
});
