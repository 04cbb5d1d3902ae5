/** Approvals: one item each, changed only together with their audit record and pinned by their version. */
import type {
  Approval,
  ApprovalRequest,
  ApprovalStatus,
  Consent,
  Credential,
  DeliveryState,
} from '../domain/approval.ts';
import { MAX_OPEN_APPROVALS, newApproval } from '../domain/approval.ts';
import { tierFrom } from '../domain/approval-tier.ts';
import type { AuditEntity, AuditEntry } from '../domain/audit.ts';
import { OWNER_ID } from '../domain/operator.ts';
import type { Condition, Item, Op, Table, Value } from '../ports/table.ts';
import type { Records, World } from '../ports/world.ts';
import { audited, NO_AUDIT } from './audit-store.ts';
import { approvalKey, dayIndex, decisionLockKey, openIndex } from './keys.ts';
import { type PostedWork, post } from './outbox-store.ts';
import { queryAll } from './query-all.ts';

const OPEN = openIndex('approval');
const iso = (at: number): string => new Date(at).toISOString();
/** Beside the locks of the agent's decisions: how many of its requests are open. */
const openCountKey = (agentId: string) => decisionLockKey(agentId, 'open-approvals');

export const approvalEntity = (id: string): AuditEntity => `approval:${id}`;

/** @returns null when there is none. */
export async function getApproval(table: Table, id: string): Promise<Approval | null> {
  const item = await table.get(approvalKey(id));
  return item && approvalOf(item);
}

/** Those that wait for an answer, the first to expire first. Read from the index: act on a fresh `getApproval`. */
export async function openApprovals(table: Table, limit?: number): Promise<Approval[]> {
  const query = { pk: OPEN, index: 'ix' as const };
  return (await queryAll(table, limit === undefined ? query : { ...query, limit })).map(approvalOf);
}

/** Those that ended on a UTC day, in order. */
export async function approvalsOfDay(table: Table, date: string): Promise<Approval[]> {
  return (await queryAll(table, { pk: dayIndex('APPROVAL', date), index: 'ix' })).map(approvalOf);
}

/** Whether an agent has asked for all it may ask at once; the transaction of `approvalOps` is the judge. */
export async function approvalCapReached(table: Table, agentId: string): Promise<boolean> {
  const item = await table.get(openCountKey(agentId));
  return Number(item?.open ?? 0) >= MAX_OPEN_APPROVALS;
}

/**
 * The ops that ask for an approval inside the transaction of its decision; `publish(posted)` after the commit. The
 * transaction fails when the agent has too many open requests. The decision must carry `approval.id`.
 */
export function approvalOps(
  records: Pick<World, 'time' | 'ids' | 'hashing'>,
  request: ApprovalRequest,
): { readonly approval: Approval; readonly ops: readonly Op[]; readonly posted: readonly PostedWork[] } {
  const now = records.time.now();
  const fresh = newApproval(request, { id: records.ids.ulid(), now });
  const entry: AuditEntry = {
    at: now,
    actor: request.requestedBy,
    action: 'approval.requested',
    entity: approvalEntity(fresh.id),
    details: {
      decisionId: fresh.subject,
      actionHash: fresh.actionHash,
      title: fresh.title,
      tier: fresh.tier,
      expiresAt: fresh.expiresAt,
    },
  };
  const { record, head } = audited(records.hashing, NO_AUDIT, entry);
  const approval: Approval = { ...fresh, ...head };
  const posted = post(records, {
    queue: 'work',
    message: { v: 1, kind: 'request-approval', approvalId: approval.id },
  });
  const ops: Op[] = [
    { op: 'put', item: itemOf(approval), if: [{ attr: 'pk', op: 'missing' }] },
    record,
    {
      op: 'update',
      key: openCountKey(approval.agentId),
      add: { open: 1 },
      if: [
        {
          any: [
            { attr: 'open', op: 'missing' },
            { attr: 'open', op: '<', value: MAX_OPEN_APPROVALS },
          ],
        },
      ],
    },
    posted.op,
  ];
  return { approval, ops, posted: [posted] };
}

export type ApprovalChange = {
  readonly actor: string;
  /** Dotted verb of the audit record. */
  readonly action: string;
  readonly details: AuditEntry['details'];
  readonly set: Partial<
    Pick<
      Approval,
      | 'status'
      | 'decidedAt'
      | 'decidedBy'
      | 'reason'
      | 'locked'
      | 'views'
      | 'credentials'
      | 'consents'
      | 'effectiveAt'
      | 'usedChallenges'
      | 'expiresAt'
    >
  >;
  /** On top of the version. */
  readonly if?: readonly Condition[];
};

/** The ops of one audited change; a status other than pending closes the request. */
export function approvalChangeOps(
  records: Pick<World, 'time' | 'hashing'>,
  approval: Approval,
  change: ApprovalChange,
): Op[] {
  const at = records.time.now();
  const entity = approvalEntity(approval.id);
  const { actor, action, details } = change;
  const { record, head } = audited(records.hashing, approval, { at, actor, action, entity, details });
  const closes = change.set.status !== undefined && change.set.status !== 'pending';
  const index = { ixPk: dayIndex('APPROVAL', iso(at).slice(0, 10)), ixSk: `${iso(at)}#${approval.id}` };
  const update: Op = {
    op: 'update',
    key: approvalKey(approval.id),
    set: { ...storedSet(change.set), ...head, version: approval.version + 1, ...(closes ? index : {}) },
    if: [{ attr: 'version', op: '=', value: approval.version }, ...(change.if ?? [])],
  };
  if (!closes) return [update, record];
  return [update, record, { op: 'update', key: openCountKey(approval.agentId), add: { open: -1 } }];
}

/** For whoever ends a decision that waits: its request ends with it, in the same transaction. */
export function withdrawApprovalOps(records: Records, approval: Approval, by: { actor: string; why: string }): Op[] {
  return approvalChangeOps(records, approval, {
    actor: by.actor,
    action: 'approval.withdrawn',
    details: { decisionId: approval.subject, why: by.why },
    set: { status: 'expired', decidedAt: records.time.now(), decidedBy: by.actor },
    if: [{ attr: 'status', op: '=', value: 'pending' }],
  });
}

function storedSet(set: ApprovalChange['set']): { [attr: string]: Value } {
  const { credentials, ...plain } = set;
  if (!credentials) return plain;
  return { ...plain, credentials, tokenHashes: credentials.map(({ tokenHash }) => tokenHash) };
}

function itemOf(approval: Approval): Item {
  return {
    ...approvalKey(approval.id),
    v: 1,
    ...approval,
    tokenHashes: approval.credentials.map(({ tokenHash }) => tokenHash),
    ixPk: OPEN,
    ixSk: `${iso(approval.expiresAt)}#${approval.id}`,
  };
}

/** The approval that an item holds. */
export function approvalOf(item: Item): Approval {
  const text = (name: string): string => String(item[name] ?? '');
  const count = (name: string): number => Number(item[name] ?? 0);
  return {
    id: text('id'),
    subject: text('subject'),
    agentId: text('agentId'),
    action: item.action as Approval['action'],
    actionHash: text('actionHash'),
    title: text('title'),
    lines: item.lines as Approval['lines'],
    agentText: text('agentText'),
    status: text('status') as ApprovalStatus,
    tier: tierFrom(item.tier),
    stakeMicros: count('stakeMicros'),
    consents: (item.consents ?? []) as readonly Consent[],
    usedChallenges: (item.usedChallenges ?? []) as readonly string[],
    effectiveAt: typeof item.effectiveAt === 'number' ? item.effectiveAt : null,
    requestedBy: text('requestedBy'),
    createdAt: count('createdAt'),
    expiresAt: count('expiresAt'),
    attempts: count('attempts'),
    lastAttemptAt: count('lastAttemptAt'),
    locked: item.locked === true,
    views: count('views'),
    decidedAt: item.decidedAt === null || item.decidedAt === undefined ? null : Number(item.decidedAt),
    decidedBy: text('decidedBy'),
    reason: text('reason'),
    credentials: ((item.credentials ?? []) as readonly Credential[]).map((one) => ({
      ...one,
      to: one.to ?? OWNER_ID,
      kind: one.kind ?? 'request',
    })),
    lost: (item.lost ?? []) as readonly string[],
    exhausted: item.exhausted === true,
    version: count('version'),
    auditSeq: count('auditSeq'),
    auditHash: text('auditHash'),
    ...(item.deliveryAt === undefined
      ? {}
      : { delivery: { state: text('deliveryState') as DeliveryState, at: count('deliveryAt') } }),
  };
}
