/** Events of SendGrid's webhook, and the part of them that travels on. */
import * as z from 'zod';

/** Clicks and opens are missing on purpose: scanners of mail make them. */
export const DELIVERY_STATES = ['processed', 'deferred', 'delivered', 'bounce', 'dropped', 'spamreport'] as const;

export const MailEvent = z.object({
  eventId: z.string().max(200),
  state: z.enum(DELIVERY_STATES),
  at: z.int().min(0),
  /** The approval that the mail asked about. */
  approvalId: z.string().max(64),
  /** The operator it was mailed to; absent in events of older mails. */
  to: z.string().max(64).optional(),
});
export type MailEvent = z.infer<typeof MailEvent>;

const Raw = z.looseObject({
  event: z.string(),
  sg_event_id: z.string().min(1).max(200),
  timestamp: z.int().min(0).max(99_999_999_999),
  dedupKey: z.string(),
});
/** `approval-request:<id>:<operator>`; older mails had `approval:<id>`. */
const APPROVAL =
  /^approval(?:-(?:request|reminder|escalation|cancel))?:([0-9A-HJKMNP-TV-Z]{26})(?::([a-z0-9-]{1,40}))?$/;

/**
 * The events of a batch that concern mails about approvals; unknown ones are left out, each at most once.
 * @throws SyntaxError or ZodError when it is no list.
 */
export function readMailEvents(text: string): MailEvent[] {
  const batch = z.array(z.unknown()).max(10_000).parse(JSON.parse(text));
  const found = batch.flatMap((one) => {
    const raw = Raw.safeParse(one);
    const [, approvalId, to] = (raw.success && APPROVAL.exec(raw.data.dedupKey)) || [];
    if (!raw.success || approvalId === undefined) return [];
    const { sg_event_id: eventId, timestamp, event: state } = raw.data;
    const event = MailEvent.safeParse({ eventId, state, at: timestamp * 1000, approvalId, to });
    return event.success ? [event.data] : [];
  });
  return [...new Map(found.map((event) => [event.eventId, event])).values()];
}
