import { answerAlert } from '../../../shared/store/alert-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { alertView } from '../../views/alert.ts';

export const command = worldCommand({
  noun: 'alert',
  verb: 'ack',
  summary: 'take an alert on',
  args: { id: needed(text('the id of the alert', 'id')) },
  options: {},
  examples: ['nova alert ack dead_letters:revenue', 'nova alert ack budget_exceeded:fleet --json'],
  run: async ({ id }, { world, actor }) =>
    alertView(await answerAlert(world, id, { state: 'acked', by: actor }), world.settings.stage),
  render: ({ id }) => `${id}  it is not escalated any more:is yours`,
});
