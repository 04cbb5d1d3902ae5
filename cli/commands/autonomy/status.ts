import { isOpen } from '../../../shared/domain/approval.ts';
import { openApprovals } from '../../../shared/store/approval-store.ts';
import { viewBudget } from '../../../shared/store/budget-view.ts';
import { recentDecisions } from '../../../shared/store/decision-store.ts';
import { currentPolicy } from '../../../shared/store/policy-store.ts';
import { worldCommand } from '../../command.ts';
import { blocks } from '../../render/details.ts';
import { approvalView, renderApprovals } from '../../views/approval.ts';
import { decisionView, renderDecisions } from '../../views/decision.ts';
import { policyView, renderPolicy } from '../../views/policy.ts';
import { renderBudgets } from '../budget/show.ts';

const RECENT_DAYS = 7;
const RECENT = 10;

export const command = worldCommand({
  noun: 'autonomy',
  verb: 'status',
  summary: 'the mode, the thresholds, what was decided lately, what waits for you',
  args: {},
  options: {},
  examples: ['nova autonomy status', 'nova autonomy status --json'],
  async run(_input, { world }) {
    const now = world.time.now();
    const [policy, decisions, approvals, budget] = await Promise.all([
      currentPolicy(world.table),
      recentDecisions(world, RECENT_DAYS),
      openApprovals(world.table),
      viewBudget(world, 'fleet'),
    ]);
    const today = new Date(now).toISOString().slice(0, 10);
    const made = decisions.filter(({ createdAt }) => new Date(createdAt).toISOString().startsWith(today));
    const pending = approvals
      .filter((approval) => isOpen(approval, now))
      .map((approval) => approvalView(approval, now));
    return {
      ...policyView(policy),
      enabled: policy.mode !== 'off',
      budget,
      decisionsToday: made.length,
      recentDecisions: decisions.slice(0, RECENT).map(decisionView),
      pendingApprovals: pending,
    };
  },
  render: (status, style) =>
    blocks(
      renderPolicy(status, style),
      renderBudgets([status.budget], style),
      `${style.paint('bold', 'Lately decided')}\n${renderDecisions(status.recentDecisions, style, 'nothing in the last 7 days')}`,
      `${style.paint('bold', 'Waiting for you')}\n${renderApprovals(status.pendingApprovals, style)}`,
    ),
});
