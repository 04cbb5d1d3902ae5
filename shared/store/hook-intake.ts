/** What any other shop books through the signed webhook. */
import { currencyCode, exponentOf } from '../domain/currency.ts';
import { NovaError } from '../domain/error.ts';
import { CLAIM_STRENGTH, type Movement } from '../domain/ledger.ts';
import { linkTags } from '../domain/link-tag.ts';
import type { HookEntry } from '../wire/hook-entry.ts';
import { intakeKey } from './keys.ts';
import { utcDate } from './ledger-item.ts';
import { type Booking, bookMovement, type LedgerPorts } from './ledger-store.ts';
import { setAsideRaw } from './revenue-intake.ts';

export type HookMessage = { readonly receivedAt: number; readonly entry: HookEntry };

/** Ids of strangers become parts of keys. */
const keyPart = (id: string): string => encodeURIComponent(id.toWellFormed());

/**
 * The movement that an entry tells of. Revenue comes in, a correction has the sign it was given, everything else goes out.
 * @throws NovaError bad_input for a negative amount where the kind says which way the money went.
 */
export function hookMovement({ receivedAt, entry }: HookMessage): Movement {
  const { movementId, kind, at, agentId, artifacts = [], link = {}, note } = entry;
  const currency = currencyCode(entry.currency);
  const amount = BigInt(entry.amountMinor);
  if (amount < 0n && kind !== 'correction')
    throw new NovaError('bad_input', `a ${kind} is told without a sign; got ${entry.amountMinor}`);
  const id = keyPart(movementId);
  const payment = entry.paymentId === undefined ? null : keyPart(entry.paymentId);
  const strength = payment === null ? CLAIM_STRENGTH.payment : CLAIM_STRENGTH.afterwards;
  const told = movementId.toWellFormed();
  const { source: utm_source, campaign: utm_campaign, content: utm_content, reference: client_reference_id } = link;
  const links = linkTags({ client_reference_id, utm_source, utm_campaign, utm_content });
  return {
    source: 'hook',
    movementId: id,
    kind,
    at: at === undefined ? receivedAt : Date.parse(at),
    amountMinor: kind === 'revenue' || kind === 'correction' ? amount : -amount,
    currency,
    exponent: exponentOf(currency),
    paymentKey: payment ?? (kind === 'revenue' ? id : null),
    claim: { agentId: agentId ?? null, artifacts, links, strength },
    originalRef: { eventId: told, objectId: told },
    livemode: true,
    note: note?.toWellFormed() ?? '',
  };
}

/** Booked once, however often it is told; the same id with another amount is set aside. */
export async function recordHookEntry(world: LedgerPorts, message: HookMessage): Promise<Booking['outcome']> {
  const movement = hookMovement(message);
  const outcome = movement.amountMinor === 0n ? 'duplicate' : (await bookMovement(world, movement)).outcome;
  if (outcome === 'conflict') {
    const problem = 'it was booked before with another amount';
    await setAsideRaw(world, { source: 'hook', id: movement.movementId, problem });
  }
  await world.table.write({ op: 'update', key: intakeKey('hook', utcDate(world.time.now())), add: { [outcome]: 1 } });
  return outcome;
}
