import { NovaError } from '../../../shared/domain/error.ts';
import { getRun } from '../../../shared/store/run-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { renderRun, runView } from '../../views/run.ts';

export const command = worldCommand({
  noun: 'run',
  verb: 'show',
  summary: 'one run: what it did, cost and earned',
  args: { id: needed(text('the id of the run: <agent>.<instance>.<slot>', 'id')) },
  options: {},
  examples: ['nova run show shop.0.mhxk2q3c'],
  async run({ id }, { world }) {
    const run = await getRun(world.table, id);
    if (!run) throw new NovaError('not_found', `there is no run "${id}"; an id is <agent>.<instance>.<slot>`);
    return runView(run);
  },
  render: renderRun,
});
