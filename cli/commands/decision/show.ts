import { NovaError } from '../../../shared/domain/error.ts';
import { getDecision } from '../../../shared/store/decision-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { decisionView, renderDecision } from '../../views/decision.ts';

export const command = worldCommand({
  noun: 'decision',
  verb: 'show',
  summary: 'one decision with the numbers it was based on',
  args: { id: needed(text('the id of the decision', 'id')) },
  options: {},
  examples: ['nova decision show 01JD0000000000000000000000'],
  async run({ id }, { world }) {
    const decision = await getDecision(world.table, id);
    if (!decision) throw new NovaError('not_found', `there is no decision "${id}"; nova decision list`);
    return decisionView(decision);
  },
  render: renderDecision,
});
