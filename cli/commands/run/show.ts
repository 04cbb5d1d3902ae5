import { NovaError } from '../../../shared/domain/error.ts';
import { getRun } from '../../../shared/store/run-store.ts';
import { readUse } from '../../../shared/store/use-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { renderRun, runView, useView } from '../../views/run.ts';

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
    // Only runs in tasks leave any, and only the last twenty of an instance.
    const uses = await readUse(world.table, run.agentId, run.instance);
    const use = uses.findLast(({ slot }) => slot === run.slot);
    return { ...runView(run), use: use ? useView(use) : null };
  },
  render: renderRun,
});
