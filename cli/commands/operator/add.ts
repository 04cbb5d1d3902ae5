import { addOperator } from '../../../shared/store/operator-store.ts';
import { worldCommand } from '../../command.ts';
import { defaulting, needed, text } from '../../fields.ts';
import { operatorView, renderOperator, rolesIn } from '../../views/operator.ts';

export const command = worldCommand({
  noun: 'operator',
  verb: 'add',
  summary: 'let one more person answer, change or look',
  detail:
    'Roles: admin (people and policy), approver (answers requests), operator (runs agents), viewer (reads). The first time, whoever does this becomes known as the owner. A login is who the person is at a terminal: cli:<user> on this machine, sts:<arn> on a stage.',
  args: { id: needed(text('a short name, given once', 'id')) },
  options: {
    email: needed(text('where requests are mailed to', 'address')),
    name: text('the name, as others know it'),
    roles: defaulting(text('one or more, separated by commas', 'role,role'), 'viewer'),
    login: text('who the person is at a terminal', 'login'),
  },
  examples: [
    'nova operator add alice --email alice@example.com --roles approver',
    'nova operator add bob --name "Bob B." --email bob@example.com --roles operator,viewer --login cli:bob',
  ],
  async run({ id, email, name, roles, login }, { world, actor }) {
    const draft = { id, email, name: name ?? id, roles: rolesIn(roles), logins: login === undefined ? [] : [login] };
    return operatorView(await addOperator(world, draft, actor));
  },
  render: renderOperator,
});
