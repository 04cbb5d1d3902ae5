/** Every message that travels through a queue. Messages of an older `v` are read for 14 days. */
import * as z from 'zod';
import { HookEntry } from './hook-entry.ts';
import { MailEvent } from './mail-event.ts';

const agentId = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/);
const instance = z.int().min(0).max(999);
const hop = z.int().min(0).max(10).default(0);

/** A tick of a schedule. `scheduledFor` is the schedule's time (ISO 8601), whenever it was delivered. */
export const TickMessage = z.object({
  v: z.literal(1),
  kind: z.literal('tick'),
  agentId,
  instance,
  scheduledFor: z.iso.datetime({ offset: true }),
  /** Sent again because the attempt before this one was lost; it waits until that one is given up. */
  attempt: z.int().min(1).max(1000).optional(),
});

/** A request for manual runs, worked one after another. The request item holds how many and how far. */
export const RequestMessage = z.object({ v: z.literal(1), kind: z.literal('request'), requestId: z.string(), hop });

export const RunMessage = z.discriminatedUnion('kind', [TickMessage, RequestMessage]);
export type RunMessage = z.infer<typeof RunMessage>;
export type TickMessage = z.infer<typeof TickMessage>;
export type RequestMessage = z.infer<typeof RequestMessage>;

/** A verified webhook, raw, or an earning declared by a run. Amounts are decimal strings of minor units. */
export const RevenueMessage = z.discriminatedUnion('kind', [
  z.object({ v: z.literal(1), kind: z.literal('stripe'), receivedAt: z.int(), body: z.string().max(262_144) }),
  /** A hint that something about a sale has changed; what it is, the API says. */
  z.object({
    v: z.literal(1),
    kind: z.literal('gumroad'),
    receivedAt: z.int(),
    saleId: z.string().min(1).max(200),
    sellerId: z.string().max(200).nullable(),
  }),
  /** Verified, from any other shop. */
  z.object({ v: z.literal(1), kind: z.literal('hook'), receivedAt: z.int(), entry: HookEntry }),
  z.object({
    v: z.literal(1),
    kind: z.literal('earned'),
    movementId: z.string().min(1).max(200),
    agentId,
    runId: z.string(),
    amountMicros: z.int(),
    at: z.int(),
  }),
]);
export type RevenueMessage = z.infer<typeof RevenueMessage>;

/** The work queue: what must happen after a change was committed. Each is idempotent. */
export const WorkMessage = z.discriminatedUnion('kind', [
  z.object({ v: z.literal(1), kind: z.literal('reconcile'), agentId }),
  /** The last probe failed: whoever may change an agent looks for itself and pauses it. */
  z.object({ v: z.literal(1), kind: z.literal('check-crashes'), agentId }),
  /** It seems to run away: looked at closely, slowed down, and paused if that changes nothing. */
  z.object({ v: z.literal(1), kind: z.literal('check-runaway'), agentId }),
  /** A kill switch was turned; how it stands is on its item. */
  z.object({ v: z.literal(1), kind: z.literal('halt'), scope: z.string().min(1).max(200) }),
  z.object({ v: z.literal(1), kind: z.literal('execute-decision'), decisionId: z.string() }),
  z.object({ v: z.literal(1), kind: z.literal('request-approval'), approvalId: z.string() }),
  /** Two people have said yes: all who may answer get a way to call it off. */
  z.object({ v: z.literal(1), kind: z.literal('offer-cancel'), approvalId: z.string() }),
  /** Somebody may make a passkey: the link goes to the person it is for. */
  z.object({ v: z.literal(1), kind: z.literal('enrol-passkey'), enrolmentId: z.string() }),
  /** A request was rejected: the next run of its agent is told why. */
  z.object({ v: z.literal(1), kind: z.literal('tell-agent'), approvalId: z.string() }),
  /** A request that nobody answers: a reminder, the next operator, or its first mail at last. */
  z.object({ v: z.literal(1), kind: z.literal('nudge-approval'), approvalId: z.string() }),
  /** What the mail service says became of mails; it moves nothing but their delivery state. */
  z.object({ v: z.literal(1), kind: z.literal('mail-events'), events: z.array(MailEvent).min(1).max(100) }),
  /** An alert, or that it is over, to one channel. `episode` tells an old message from a new alert of the same id. */
  z.object({
    v: z.literal(1),
    kind: z.literal('tell-alert'),
    alertId: z.string().min(1).max(1_000),
    episode: z.int().min(1),
    channel: z.string().min(1).max(40),
    told: z.enum(['raised', 'escalated', 'resolved']),
  }),
  /** A person wants to see whether a channel arrives. */
  z.object({ v: z.literal(1), kind: z.literal('test-channel'), channel: z.string().min(1).max(40), at: z.int() }),
  z.object({
    v: z.literal(1),
    kind: z.literal('notify'),
    subject: z.string().max(200),
    text: z.string().max(4000),
    dedupKey: z.string().max(200),
  }),
]);
export type WorkMessage = z.infer<typeof WorkMessage>;
