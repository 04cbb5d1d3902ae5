import { answerApproval } from '../../approvals.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';

export const command = worldCommand({
  noun: 'approval',
  verb: 'reject',
  summary: 'say no: nothing is done',
  detail: 'Final. Silence until the request expires means the same.',
  args: { id: needed(text('the id of the approval', 'id')) },
  options: {},
  examples: [
    'nova approval reject 01JD0000000000000000000000',
    'nova approval reject 01JD0000000000000000000000 --json',
  ],
  run: ({ id }, reach) => answerApproval(reach, id, 'reject'),
  render: ({ title }) => `rejected: ${title}`,
});
