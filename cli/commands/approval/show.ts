import { NovaError } from '../../../shared/domain/error.ts';
import { getApproval } from '../../../shared/store/approval-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { approvalView, renderApproval } from '../../views/approval.ts';

export const command = worldCommand({
  noun: 'approval',
  verb: 'show',
  summary: 'what exactly would be done, and why',
  args: { id: needed(text('the id of the approval', 'id')) },
  options: {},
  examples: ['nova approval show 01JD0000000000000000000000'],
  async run({ id }, { world }) {
    const approval = await getApproval(world.table, id);
    if (!approval) throw new NovaError('not_found', `there is no approval "${id}"; nova approval list`);
    return approvalView(approval, world.time.now());
  },
  render: renderApproval,
});
