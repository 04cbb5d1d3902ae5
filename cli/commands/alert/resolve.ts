import { answerAlert } from '../../../shared/store/alert-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { alertView } from '../../views/alert.ts';

export const command = worldCommand({
  noun: 'alert',
  verb: 'resolve',
  summary: 'say that an alert is over; what is still wrong is raised anew',
  args: { id: needed(text('the id of the alert', 'id')) },
  options: {},
  examples: ['nova alert resolve dead_letters:revenue', 'nova alert resolve budget_exceeded:fleet --json'],
  run: async ({ id }, { world, actor }) =>
    alertView(await answerAlert(world, id, { state: 'resolved', by: actor }), world.settings.stage),
  render: ({ id }) => `${id} is over`,
});
