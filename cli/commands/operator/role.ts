import { changeOperator } from '../../../shared/store/operator-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { operatorView, renderOperator, rolesIn } from '../../views/operator.ts';

export const command = worldCommand({
  noun: 'operator',
  verb: 'role',
  summary: 'set what a person may do, or which login is theirs',
  detail: 'The roles named replace those before. The last admin keeps that role.',
  args: {
    id: needed(text('the id of the operator', 'id')),
    roles: needed(text('admin, approver, operator, viewer', 'role,role')),
  },
  options: { login: text('who the person is at a terminal, instead of before', 'login') },
  examples: ['nova operator role alice admin,approver', 'nova operator role bob viewer --login cli:bob'],
  async run({ id, roles, login }, { world, actor }) {
    const change = { roles: rolesIn(roles), ...(login === undefined ? {} : { logins: [login] }) };
    return operatorView(await changeOperator(world, id, change, { actor, action: 'operator.roles_set' }));
  },
  render: renderOperator,
});
