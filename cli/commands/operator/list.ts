import { listOperators } from '../../../shared/store/operator-store.ts';
import { worldCommand } from '../../command.ts';
import { operatorView, renderOperators } from '../../views/operator.ts';

export const command = worldCommand({
  noun: 'operator',
  verb: 'list',
  summary: 'who may answer, change or look, and how many passkeys each has',
  args: {},
  options: {},
  examples: ['nova operator list', 'nova operator list --json'],
  run: async (_, { world }) => (await listOperators(world)).map(operatorView),
  render: renderOperators,
});
