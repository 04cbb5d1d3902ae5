/** A request that nobody answers is put before people again: a reminder, then the next operator. Silence stays a no. */
import type { Approval } from './approval.ts';

export type Nudge = {
  /** No mail about it has ever left: the mail service was down for long. */
  readonly ask: boolean;
  /** Operators whose mail went out, did not come back, and is old enough. */
  readonly remind: readonly string[];
  /** The next operator is asked: nobody was reached, or nobody answered for most of its time. */
  readonly escalate: boolean;
};

/** Between two looks after one request: a message that was sent needs time to be worked. */
export const NUDGE_AGAIN_MS = 10 * 60_000;
/** From so many open requests on, one digest a day stands for their reminders. */
export const DIGEST_FROM = 5;

/** What a request is due for now. A third of its time passes before a reminder, two thirds before somebody else is asked. */
export function nudgeOf(approval: Approval, now: number): Nudge {
  const { createdAt, expiresAt, effectiveAt, credentials, lost } = approval;
  const life = expiresAt - createdAt;
  const mailed = credentials.filter(({ mailedAt }) => mailedAt !== null);
  const asked = [...new Set(mailed.map(({ to }) => to))];
  const reached = asked.filter((to) => !lost.includes(to));
  const waits = effectiveAt !== null;
  const has = (to: string, kind: string): boolean => mailed.some((one) => one.to === to && one.kind === kind);
  const late = now >= createdAt + (life * 2) / 3;
  return {
    ask: mailed.length === 0 && now >= createdAt + NUDGE_AGAIN_MS,
    remind:
      waits || now < createdAt + life / 3 ? [] : reached.filter((to) => has(to, 'request') && !has(to, 'reminder')),
    escalate:
      !waits &&
      asked.length > 0 &&
      !approval.exhausted &&
      (reached.length === 0 || (late && !mailed.some(({ kind }) => kind === 'escalation'))),
  };
}

export const isDue = ({ ask, remind, escalate }: Nudge): boolean => ask || escalate || remind.length > 0;
