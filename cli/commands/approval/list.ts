import { approvalsOfDay, openApprovals } from '../../../shared/store/approval-store.ts';
import { worldCommand } from '../../command.ts';
import { lastDays } from '../../days.ts';
import { choice, count, defaulting } from '../../fields.ts';
import { approvalView, renderApprovals } from '../../views/approval.ts';

const STATUSES = ['pending', 'approved', 'rejected', 'expired', 'all'] as const;

export const command = worldCommand({
  noun: 'approval',
  verb: 'list',
  summary: 'what waits for your answer, the first to expire first',
  args: {},
  options: {
    status: defaulting(choice('in which state', STATUSES), 'pending'),
    days: defaulting(count('how many days back, for those that are over', { min: 1, max: 3660 }), 30),
  },
  examples: ['nova approval list', 'nova approval list --status all --days 7 --json'],
  async run({ status, days }, { world }) {
    const now = world.time.now();
    const open = await openApprovals(world.table);
    const closed = await Promise.all(
      status === 'pending' ? [] : lastDays(now, days).map((date) => approvalsOfDay(world.table, date)),
    );
    return [...open, ...closed.flat()]
      .map((approval) => approvalView(approval, now))
      .filter((approval) => status === 'all' || approval.status === status);
  },
  render: renderApprovals,
});
