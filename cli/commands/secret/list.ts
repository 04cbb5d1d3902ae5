import { worldCommand } from '../../command.ts';
import { table } from '../../render/table.ts';

export const command = worldCommand({
  noun: 'secret',
  verb: 'list',
  summary: 'which secrets are set; never their values',
  args: {},
  options: {},
  examples: ['nova secret list', 'nova secret list --json'],
  run: async (_input, { admin }) => (await admin.secrets.names()).map((id) => ({ id })),
  render: (secrets, style) =>
    table(secrets, [{ title: 'SECRET', value: ({ id }) => id }], style, 'none is set; nova secret set <name> sets one'),
});
