/** From an approved decision to a change of desired state, if the world is still the one it was made for. */
import type { Agent } from './agent.ts';
import type { AgentChange } from './agent-change.ts';
import type { Decision, DecisionAction } from './decision.ts';
import type { DecisionPolicy } from './policy.ts';

/** What asks whether an agent that was stopped for running away may go on. */
export const RUNAWAY_RULE = 'runaway@';

/** Why a decision may no longer be executed; null when it may. The mode of now counts, not the one it was made in. */
export function executionRefusal(decision: Decision, actionHash: string, policy: DecisionPolicy): string | null {
  if (actionHash !== decision.actionHash) return 'its action is not the one that was decided';
  // Asked for by a person, through a gate of its own: it waits for its approval, not for autonomy.
  if (decision.kind === 'deploy' || decision.kind === 'policy_change')
    return decision.needsApproval && decision.approvalId === null ? 'it needs an approval and has none' : null;
  // An agent that was stopped for running away waits for a person, whatever the mode: here is that person's word.
  if (decision.rule.startsWith(RUNAWAY_RULE))
    return decision.approvalId === null ? 'it needs an approval and has none' : null;
  if (policy.mode === 'off') return 'autonomy was switched off before it was executed';
  if (decision.approvalId !== null) return null;
  if (policy.mode !== 'auto') return `autonomy is ${policy.mode} now, and nobody has approved it`;
  return decision.needsApproval ? 'it needs an approval and has none' : null;
}

/** Why the action means nothing any more; null when the agent is in the state it was decided for. */
export function staleness(action: DecisionAction, agent: Agent): string | null {
  const wanted = assumedStatus(action);
  if (!wanted.includes(agent.status)) return `the agent is ${agent.status} now`;
  if (action.kind !== 'scale_up' && action.kind !== 'scale_down') return null;
  return agent.instances === action.fromInstances
    ? null
    : `the agent has ${agent.instances} instances now, not ${action.fromInstances}`;
}

function assumedStatus(action: DecisionAction): readonly Agent['status'][] {
  switch (action.kind) {
    case 'scale_up':
    case 'scale_down':
    case 'pause':
    case 'optimize':
      return ['active'];
    case 'resume':
      return ['paused'];
    case 'deploy':
      return ['draft'];
    case 'retire':
    case 'budget_change':
      return ['active', 'paused'];
    case 'policy_change':
      return [];
  }
}

/** What it changes about the agent; null when it changes something else or, as a finding, nothing. */
export function changeOf(action: DecisionAction): AgentChange | null {
  switch (action.kind) {
    case 'scale_up':
    case 'scale_down':
      return { instances: action.toInstances };
    case 'pause':
      return { status: 'paused', pauseReason: action.reason };
    case 'resume':
    case 'deploy':
      return { status: 'active' };
    case 'retire':
      return { status: 'retired' };
    case 'optimize':
    case 'budget_change':
    case 'policy_change':
      return null;
  }
}
