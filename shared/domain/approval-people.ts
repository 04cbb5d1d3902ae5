/** Whom a request is mailed to. */
import { peopleNeeded, type Tier } from './approval-tier.ts';
import { isApprover, type Operator } from './operator.ts';

/**
 * One approver, the owner before others; where a passkey is asked for, one who has one for this host. Where two are
 * needed, all who may answer, and never who asked.
 */
export function recipientsOf(
  operators: readonly Operator[],
  ask: { readonly tier: Tier; readonly requesterId: string | null; readonly rpId: string },
): readonly Operator[] {
  const approvers = operators.filter(isApprover);
  if (peopleNeeded(ask.tier) > 1) return approvers.filter(({ id }) => id !== ask.requesterId);
  const ready = approvers.filter(({ passkeys }) => passkeys.some(({ rpId }) => rpId === ask.rpId));
  const [first] = ask.tier === 'T0' || ready.length === 0 ? approvers : ready;
  return first ? [first] : [];
}
