/** What people book and assign by hand. Each act is a transaction with its audit record: who, what, and why. */
import type { AuditEntry } from '../domain/audit.ts';
import { exponentOf } from '../domain/currency.ts';
import { NovaError } from '../domain/error.ts';
import {
  ASSIGNED_STRENGTH,
  type Attribution,
  CLAIM_STRENGTH,
  entryId,
  entryOf,
  type LedgerEntry,
  type LedgerSource,
  type Movement,
  type MovementKind,
  sameMoney,
  UNATTRIBUTED,
} from '../domain/ledger.ts';
import { assign, type PaymentThread, threadOfEntry } from '../domain/payment-thread.ts';
import type { Op } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { getAgent } from './agent-store.ts';
import { type AuditHead, audited, NO_AUDIT } from './audit-store.ts';
import { ledgerBookKey } from './keys.ts';
import { threadPut } from './ledger-item.ts';
import { commitEntries, getEntry, getThread, type LedgerPorts } from './ledger-store.ts';

export const LEDGER_BOOK = 'ledger:book';
export const MANUAL_KINDS = ['revenue', 'refund', 'fee', 'cost', 'payout', 'correction'] as const;
export type ManualKind = Extract<MovementKind, (typeof MANUAL_KINDS)[number]>;

type Ports = LedgerPorts & Pick<World, 'ids'>;
type AuditPorts = Pick<World, 'table' | 'hashing' | 'time'>;
export type By = { readonly actor: string; readonly reason: string };

export type ManualEntry = {
  readonly kind: ManualKind;
  /** As people say it: a refund, a fee, a cost and a payout without a sign; a correction with one. */
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly agentId: string | null;
  readonly at: number;
  /** Booked once under this id, however often it is said; null: a new one. */
  readonly id: string | null;
};

const TRIES = 10;

/**
 * Books what no vendor tells of.
 * @throws NovaError bad_input (amount), not_found (agent), conflict (the id is taken by other money).
 */
export async function addEntry(world: Ports, given: ManualEntry, by: By): Promise<LedgerEntry> {
  if (given.amountMinor === 0n) throw new NovaError('bad_input', 'an entry moves more than 0');
  if (given.amountMinor < 0n && given.kind !== 'correction')
    throw new NovaError('bad_input', `a ${given.kind} is given without a sign; its kind says which way the money went`);
  const whose = given.kind === 'payout' ? UNATTRIBUTED : await ownerNamed(world, given.agentId);
  const movement = manualMovement(given, given.id ?? world.ids.ulid().toLowerCase(), by.reason);
  const entry = entryOf(movement, whose, { now: world.time.now(), rates: world.settings.rates ?? {} });
  const act = { action: 'ledger.added', details: detailsOf(entry, by.reason) };
  return untilDone(async () => {
    const standing = await getEntry(world.table, 'manual', movement.movementId);
    if (standing && sameMoney(standing, movement)) return standing;
    if (standing) throw new NovaError('conflict', `${standing.id} is booked already, with another amount`);
    return (await commitEntries(world, [entry], await auditOps(world, act, by))) ? entry : null;
  });
}

function manualMovement({ kind, amountMinor, currency, at }: ManualEntry, id: string, reason: string): Movement {
  const movementId = encodeURIComponent(id.toWellFormed());
  return {
    source: 'manual',
    movementId,
    kind,
    at,
    amountMinor: kind === 'revenue' || kind === 'correction' ? amountMinor : -amountMinor,
    currency,
    exponent: exponentOf(currency),
    paymentKey: null,
    claim: { agentId: null, artifacts: [], strength: CLAIM_STRENGTH.payment },
    originalRef: { eventId: id, objectId: id },
    livemode: true,
    note: reason,
  };
}

async function ownerNamed({ table }: Ports, agentId: string | null): Promise<Attribution> {
  if (agentId === null) return UNATTRIBUTED;
  if (!(await getAgent(table, agentId))) throw new NovaError('not_found', `there is no agent "${agentId}"`);
  return { agentId, method: 'assigned', confidenceBps: 10_000, strength: ASSIGNED_STRENGTH };
}

/**
 * Moves an entry, and with it all of its payment, to an agent (null: to nobody) by adjustments; nothing is edited.
 * @returns the adjustments; none when it was that agent's already.
 * @throws NovaError not_found, bad_input (a payout belongs to nobody), unavailable.
 */
export async function assignEntry(
  world: Ports,
  given: { readonly id: string; readonly agentId: string | null },
  by: By,
): Promise<readonly LedgerEntry[]> {
  const owner = await ownerNamed(world, given.agentId);
  const entry = await entryNamed(world, given.id);
  if (entry.bucket === 'payout')
    throw new NovaError('bad_input', 'a payout is nobody’s: it was counted when it came in');
  const context = { now: world.time.now(), rates: world.settings.rates ?? {} };
  return untilDone(async () => {
    const before = await threadOf(world, entry);
    // The latest word of a person counts.
    const strength = Math.max(ASSIGNED_STRENGTH, before.whose.strength + 1);
    const whose: Attribution = { ...owner, method: 'assigned', confidenceBps: 10_000, strength };
    const told = { ...entry, at: context.now };
    const { thread, entries } = assign(before, { whose, told, why: by.reason }, context);
    const from = before.whose.agentId ?? before.whose.rule ?? null;
    const details = { entry: entry.id, from, to: given.agentId, reason: by.reason };
    const ops = [threadPut(thread), ...(await auditOps(world, { action: 'ledger.assigned', details }, by))];
    return (await commitEntries(world, entries, ops)) ? entries : null;
  });
}

/** @throws NovaError not_found, bad_input. */
export async function entryNamed({ table }: Pick<World, 'table'>, id: string): Promise<LedgerEntry> {
  const [source = '', ...rest] = id.split(':');
  const movementId = rest.join(':');
  if (!/^(stripe|gumroad|agent|hook|manual)$/.test(source) || !/^[\x21-\x7e]{1,1900}$/.test(movementId))
    throw new NovaError('bad_input', `an entry is named like ${entryId('stripe', 'pi_123')}; got "${id}"`);
  const entry = await getEntry(table, source as LedgerSource, movementId);
  if (!entry) throw new NovaError('not_found', `there is no entry "${id}"`);
  return entry;
}

/** What is known of the payment that an entry belongs to; one of its own for an entry that stands alone. */
async function threadOf({ table }: Ports, entry: LedgerEntry): Promise<PaymentThread> {
  const known = await getThread(table, entry);
  if (known) return known;
  const { agentId, attribution } = entry;
  return threadOfEntry(entry, { agentId, ...attribution, strength: 0 });
}

type Act = { readonly action: string; readonly details: AuditEntry['details'] };

/** The record of what a person did to the ledger, and the head it moves: for the transaction of the act itself. */
export async function auditOps(
  { table, hashing, time }: AuditPorts,
  { action, details }: Act,
  { actor }: By,
): Promise<Op[]> {
  const item = await table.get(ledgerBookKey);
  const before: AuditHead = item ? { auditSeq: Number(item.auditSeq), auditHash: String(item.auditHash) } : NO_AUDIT;
  const { record, head } = audited(hashing, before, { at: time.now(), actor, action, entity: LEDGER_BOOK, details });
  const unchanged = item
    ? ({ attr: 'auditSeq', op: '=', value: before.auditSeq } as const)
    : ({ attr: 'pk', op: 'missing' } as const);
  return [record, { op: 'update', key: ledgerBookKey, set: { v: 1, ...head }, if: [unchanged] }];
}

function detailsOf({ id, kind, amountMinor, currency, agentId }: LedgerEntry, reason: string): AuditEntry['details'] {
  return { entry: id, kind, amountMinor: amountMinor.toString(), currency, agentId, reason };
}

export async function untilDone<T>(attempt: () => Promise<T | null>): Promise<T> {
  for (let n = 0; n < TRIES; n++) {
    const done = await attempt();
    if (done !== null) return done;
  }
  throw new NovaError('unavailable', 'others keep changing the same money; try again');
}
