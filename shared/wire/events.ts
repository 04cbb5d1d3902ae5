/** What the bus carries, the signed webhook and a local events log alike: one envelope, a detail for each type. */
import * as z from 'zod';

const alert = z.object({
  /** `<rule>:<subject>`. */
  id: z.string(),
  rule: z.string(),
  subject: z.string(),
  severity: z.enum(['critical', 'warning']),
  episode: z.int().min(1),
  message: z.string(),
  hurts: z.string(),
  todo: z.string(),
  raisedAt: z.iso.datetime(),
  resolvedAt: z.iso.datetime().nullable(),
});

const envelope = {
  v: z.literal(1),
  /** The same whenever it is told again. */
  id: z.string().min(1).max(400),
  stage: z.string(),
  at: z.iso.datetime(),
};

export const DomainEvent = z.discriminatedUnion('type', [
  z.object({ ...envelope, type: z.literal('alert.raised'), detail: alert }),
  z.object({ ...envelope, type: z.literal('alert.escalated'), detail: alert }),
  z.object({ ...envelope, type: z.literal('alert.resolved'), detail: alert }),
  z.object({
    ...envelope,
    type: z.literal('agent.changed'),
    detail: z.object({
      agentId: z.string(),
      status: z.enum(['draft', 'active', 'paused', 'retired']),
      pauseReason: z.string().nullable(),
      instances: z.int(),
      version: z.int(),
    }),
  }),
  z.object({
    ...envelope,
    type: z.literal('approval.requested'),
    detail: z.object({ approvalId: z.string(), agentId: z.string(), title: z.string(), expiresAt: z.iso.datetime() }),
  }),
  z.object({
    ...envelope,
    type: z.literal('decision.executed'),
    detail: z.object({ decisionId: z.string(), agentId: z.string(), kind: z.string(), why: z.string() }),
  }),
  z.object({ ...envelope, type: z.literal('channel.tested'), detail: z.object({ channel: z.string() }) }),
]);
export type DomainEvent = z.infer<typeof DomainEvent>;

export const EVENT_TYPES = DomainEvent.options.map(({ shape }) => shape.type.value);
