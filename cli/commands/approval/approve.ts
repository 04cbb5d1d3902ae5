import { answerApproval } from '../../approvals.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { longTime } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'approval',
  verb: 'approve',
  summary: 'say yes: what was asked for is done',
  detail: 'Given once. Saying it again changes nothing; saying the opposite is a conflict (exit code 5).',
  args: { id: needed(text('the id of the approval', 'id')) },
  options: {},
  examples: [
    'nova approval approve 01JD0000000000000000000000',
    'nova approval approve 01JD0000000000000000000000 --json',
  ],
  run: ({ id }, reach) => answerApproval(reach, id, 'approve'),
  render: ({ title, status, effectiveAt }) => {
    if (status === 'approved') return `approved: ${title}`;
    return effectiveAt
      ? `approved, effective ${longTime(effectiveAt)}: ${title}`
      : `your yes is noted, one more person must: ${title}`;
  },
});
