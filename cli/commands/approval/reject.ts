import { answerApproval } from '../../approvals.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';

export const command = worldCommand({
  noun: 'approval',
  verb: 'reject',
  summary: 'say no: nothing is done',
  detail: 'Final. Silence until the request expires means the same.',
  args: { id: needed(text('the id of the approval', 'id')) },
  options: { why: text('the reason; the agent hears it in its next run', 'sentence') },
  examples: [
    'nova approval reject 01JD0000000000000000000000',
    "nova approval reject 01JD0000000000000000000000 --why 'not before the refunds are through'",
  ],
  run: ({ id, why }, reach) => answerApproval(reach, id, { answer: 'reject', reason: why }),
  render: ({ title }) => `rejected: ${title}`,
});
