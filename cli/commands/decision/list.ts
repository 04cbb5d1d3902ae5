import { recentDecisions } from '../../../shared/store/decision-store.ts';
import { worldCommand } from '../../command.ts';
import { choice, count, defaulting, flag, text } from '../../fields.ts';
import { decisionView, renderDecisions } from '../../views/decision.ts';

const STATUSES = [
  ...(['proposed', 'awaiting_approval', 'approved', 'rejected', 'expired', 'executing', 'executed', 'failed'] as const),
  'superseded',
] as const;

export const command = worldCommand({
  noun: 'decision',
  verb: 'list',
  summary: 'what was decided and why, the newest first',
  args: {},
  options: {
    status: choice('only decisions in this state', STATUSES),
    agent: text('only decisions about this agent', 'id'),
    open: flag('only those that have not come to an end'),
    days: defaulting(count('how many days back, for those that have', { min: 1, max: 3660 }), 30),
    limit: count('at most so many (default: all)', { min: 1, max: 1_000_000 }),
  },
  examples: [
    'nova decision list',
    'nova decision list --open --json',
    'nova decision list --agent shop --status executed',
  ],
  async run({ status, agent, open, days, limit }, { world }) {
    const decisions = await recentDecisions(world, open ? 0 : days);
    return decisions
      .filter((one) => status === undefined || one.status === status)
      .filter((one) => agent === undefined || one.agentId === agent)
      .slice(0, limit)
      .map(decisionView);
  },
  render: (decisions, style) => renderDecisions(decisions, style),
});
