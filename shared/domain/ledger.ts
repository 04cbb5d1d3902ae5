/**
 * The ledger: one entry per movement of money, never changed, never removed. What turns out wrong is put right by
 * further entries, so that every sum can be rebuilt from the entries alone.
 */
import { exponentOf, minorToMicros, type Rates } from './currency.ts';
import type { Share } from './split.ts';

/** `hook`: the signed webhook for any other shop; `manual`: a person. */
export type LedgerSource = 'stripe' | 'gumroad' | 'agent' | 'hook' | 'manual';

export type MovementKind =
  | 'revenue'
  /** Money given back to a buyer; negative. */
  | 'refund'
  /** A refund that failed or was cancelled: the money came back. */
  | 'refund_reversal'
  /** Money withdrawn by, or reinstated after, a dispute. */
  | 'dispute'
  | 'fee'
  /** Money passed on to somebody else's account at the vendor. */
  | 'transfer'
  /** What an owner paid outside of any run. */
  | 'cost'
  /** What a vendor, or a person, put right on the balance. */
  | 'correction'
  /** From the vendor's account to the bank, or held back there: moved, neither earned nor spent. */
  | 'payout';

/** Which sum of an agent an entry counts in. */
export type Bucket = 'revenue' | 'refund' | 'fee' | 'payout';

export const BUCKET_OF: Readonly<Record<MovementKind, Bucket>> = {
  revenue: 'revenue',
  refund: 'refund',
  refund_reversal: 'refund',
  dispute: 'refund',
  fee: 'fee',
  transfer: 'fee',
  cost: 'fee',
  correction: 'fee',
  payout: 'payout',
};

/**
 * How it is known whose money it is. `declared`: a run said so itself. `assigned`: a person did. `house`: it is the
 * whole system's, and no agent's to be found.
 */
export type AttributionMethod = 'metadata' | 'link' | 'product' | 'split' | 'declared' | 'assigned' | 'house' | 'none';

export type Attribution = {
  /** null: nobody's; it stands in the visible bucket of unattributed money, unless `shares` hand it on from there. */
  readonly agentId: string | null;
  /** Several agents', by a rule of the owner's, as it stood when the payment was made. */
  readonly shares?: readonly Share[];
  /** The rule and its version, `stripe v3`. */
  readonly rule?: string;
  readonly method: AttributionMethod;
  readonly confidenceBps: number;
  /** A stronger claim replaces a weaker one, whichever came first. */
  readonly strength: number;
};

export const UNATTRIBUTED: Attribution = { agentId: null, method: 'none', confidenceBps: 0, strength: 0 };
/** Stands where an agent's id would: no slug begins with an underscore. */
export const UNATTRIBUTED_ID = '_unattributed';

/** What a movement says about whose it is. */
export type Claim = {
  /** The agent named in its metadata, not yet checked. */
  readonly agentId: string | null;
  /** Ids of products, prices and payment links that were sold. */
  readonly artifacts: readonly string[];
  /** What the buyer's link says: see shared/domain/link-tag.ts. */
  readonly links?: readonly string[];
  /** How much a name in its metadata weighs: see CLAIM_STRENGTH. */
  readonly strength: number;
};

/**
 * The payment itself knows best, then the checkout, then the buyer's link, then what was sold: a rule for a product
 * before the catalogue that lists it. A refund's own note comes next, a rule for all of a source last.
 */
export const CLAIM_STRENGTH = {
  ...{ payment: 40, checkout: 30, link: 25, productRule: 21, product: 20, afterwards: 10 },
  ...{ sourceRule: 6, sourceRuleAfterwards: 5 },
} as const;
/** A person's word outweighs every message; the latest one counts. */
export const ASSIGNED_STRENGTH = 1000;

export type Money = { readonly amountMinor: bigint; readonly currency: string };

/** Signed: revenue is positive, what is given back or charged is negative. */
export type Movement = {
  readonly source: LedgerSource;
  /** The vendor's id of the movement of money itself, never of the message about it. */
  readonly movementId: string;
  readonly kind: MovementKind;
  readonly at: number;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** Decimals of `amountMinor`. */
  readonly exponent: number;
  /** The payment that refunds, disputes and fees belong to; null for money that stands alone. */
  readonly paymentKey: string | null;
  readonly claim: Claim;
  readonly originalRef: { readonly eventId: string; readonly objectId: string };
  readonly livemode: boolean;
} & Settled;

/** What is only known of money that has reached the vendor's balance. */
export type Settled = {
  /** What the buyer saw, where that is another amount than what reached the balance. */
  readonly presented?: Money;
  /** The vendor's rate from `presented` to the amount, as a decimal. */
  readonly rate?: string;
  /** From when it may be paid out; absent while it is not on the balance. */
  readonly availableAt?: number;
  readonly note?: string;
};

export type LedgerEntry = {
  /** `<source>:<movementId>`. */
  readonly id: string;
  readonly source: LedgerSource;
  readonly movementId: string;
  readonly kind: MovementKind | 'adjustment';
  readonly bucket: Bucket;
  readonly at: number;
  readonly bookedAt: number;
  readonly agentId: string | null;
  readonly attribution: { readonly method: AttributionMethod; readonly confidenceBps: number };
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly exponent: number;
  /** null: no rate is known; it is in no sum of dollars. */
  readonly amountMicros: number | null;
  /** 1 for a movement; an adjustment moves counts from one agent to another, or counts nothing. */
  readonly count: number;
  readonly paymentKey: string | null;
  readonly originalRef: { readonly eventId: string; readonly objectId: string };
  readonly livemode: boolean;
  /** Why, for adjustments and what a person booked; else empty. */
  readonly note: string;
} & Omit<Settled, 'note'>;

export const entryId = (source: LedgerSource, movementId: string): string => `${source}:${movementId}`;

/** The entry of a movement under an attribution. */
export function entryOf(movement: Movement, whose: Attribution, context: BookingContext): LedgerEntry {
  const { source, movementId, kind, at, amountMinor, currency, exponent, paymentKey, originalRef, livemode } = movement;
  return {
    id: entryId(source, movementId),
    source,
    movementId,
    kind,
    bucket: BUCKET_OF[kind],
    at,
    bookedAt: context.now,
    agentId: whose.agentId,
    attribution: { method: whose.method, confidenceBps: whose.confidenceBps },
    amountMinor,
    currency,
    exponent,
    amountMicros: microsOf(movement, context.rates),
    count: 1,
    paymentKey,
    originalRef,
    livemode,
    note: movement.note ?? '',
    ...settledOf(movement),
  };
}

/** Only what is known: an absent field stays absent. */
export function settledOf({ presented, rate, availableAt }: Settled): Omit<Settled, 'note'> {
  return {
    ...(presented ? { presented } : {}),
    ...(rate === undefined ? {} : { rate }),
    ...(availableAt === undefined ? {} : { availableAt }),
  };
}

export type BookingContext = { readonly now: number; readonly rates: Rates };

/** Runs declare micro-USD (six decimals); everything else comes in the minor units of its currency. */
export function microsOf(
  { amountMinor, currency, exponent }: Pick<Movement, 'amountMinor' | 'currency' | 'exponent'>,
  rates: Rates,
): number | null {
  if (currency === 'USD' && exponent === 6) {
    const micros = Number(amountMinor);
    return Number.isSafeInteger(micros) ? micros || 0 : null;
  }
  return exponent === exponentOf(currency) ? minorToMicros(amountMinor, currency, rates) : null;
}

type Told = Money & { readonly kind: LedgerEntry['kind']; readonly presented?: Money };

/** The same money, as the buyer saw it: a second message about it changes nothing. */
export function sameMoney(entry: Told, movement: Told): boolean {
  const [booked, told] = [entry.presented ?? entry, movement.presented ?? movement];
  return booked.amountMinor === told.amountMinor && booked.currency === told.currency && entry.kind === movement.kind;
}

/** The stronger claim; between equals the smaller id or earlier rule, so that the order of arrival does not matter. */
export function strongerOf(a: Attribution, b: Attribution): Attribution {
  if (a.strength !== b.strength) return a.strength > b.strength ? a : b;
  const nameOf = ({ agentId, rule }: Attribution): string => agentId ?? (rule ?? '').replace(/\d+$/, padded);
  return nameOf(b) < nameOf(a) ? b : a;
}

const padded = (digits: string): string => digits.padStart(9, '0');

export const sameOwner = (a: Attribution, b: Attribution): boolean => a.agentId === b.agentId && a.rule === b.rule;
