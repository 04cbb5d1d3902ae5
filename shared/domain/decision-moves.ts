/** The states of a decision, and which may follow which. */
import { type DecisionStatus, FINAL_DECISIONS } from './decision.ts';

const MOVES: Record<DecisionStatus, readonly DecisionStatus[]> = {
  proposed: ['awaiting_approval', 'approved', 'rejected', 'superseded'],
  awaiting_approval: ['approved', 'rejected', 'expired', 'superseded'],
  approved: ['executing', 'failed', 'superseded'],
  executing: ['executed', 'failed', 'superseded'],
  rejected: [],
  expired: [],
  executed: [],
  failed: [],
  superseded: [],
};

export function mayDecisionMove(from: DecisionStatus, to: DecisionStatus): boolean {
  return MOVES[from].includes(to);
}

export const isFinal = (status: DecisionStatus): boolean => FINAL_DECISIONS.includes(status);
