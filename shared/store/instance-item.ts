/**
 * The instance as an item. Attribute names are short because the whole item is billed at every write, by the
 * kilobyte: one write unit needs it below 1,024 bytes with a full journal.
 */
import { type Amounts, basicLines, NOTHING } from '../domain/budget.ts';
import {
  type ActiveRun,
  type Instance,
  type InstanceStatus,
  NO_TALLY,
  type Slice,
  type Slowed,
  type Tally,
  type Waiting,
} from '../domain/instance.ts';
import type { Outcome, RunRecord } from '../domain/run.ts';
import type { Item, Value } from '../ports/table.ts';
import { instanceKey } from './keys.ts';
import { decodeLines } from './line-code.ts';

const OUTCOMES: Record<Outcome, string> = {
  succeeded: 's',
  failed: 'f',
  crashed: 'c',
  timed_out: 't',
  cancelled: 'x',
  refused: 'r',
};
const LETTERS = new Map(Object.entries(OUTCOMES).map(([outcome, letter]) => [letter, outcome as Outcome]));

const b36 = (n: number): string => n.toString(36);
const from36 = (text: string | undefined): number => Number.parseInt(text ?? '0', 36);

/**
 * `slot,letter,attempt,start,duration,cost,earned,note`: numbers in base 36, the note last and free to hold commas. The
 * receipt follows its letter, the prints hang on `earned` behind dots, where a reader that does not know them does not look.
 */
export function encodeRecord(record: RunRecord): string {
  const {
    slot,
    outcome,
    attempt,
    startedAt,
    durationMs,
    costMicros,
    earnedMicros,
    note,
    prints,
    receipt = '',
  } = record;
  return [
    slot,
    `${OUTCOMES[outcome]}${receipt}`,
    attempt,
    b36(startedAt),
    b36(durationMs),
    b36(costMicros),
    prints ? `${b36(earnedMicros)}.${prints.input}.${prints.outcome}` : b36(earnedMicros),
    note,
  ].join(',');
}

export function decodeRecord(text: string): RunRecord {
  const [slot = '', letter = '', attempt, startedAt, durationMs, costMicros, earned = '', ...note] = text.split(',');
  const [earnedMicros, input, outcome] = earned.split('.');
  return {
    slot,
    outcome: LETTERS.get(letter.slice(0, 1)) ?? 'crashed',
    attempt: Number(attempt),
    startedAt: from36(startedAt),
    durationMs: from36(durationMs),
    costMicros: from36(costMicros),
    earnedMicros: from36(earnedMicros),
    note: note.join(','),
    ...(letter.length > 1 ? { receipt: letter.slice(1) } : {}),
    ...(input === undefined || outcome === undefined ? {} : { prints: { input, outcome } }),
  };
}

export const encodeTally = (t: Tally): Value => [
  t.runs,
  t.succeeded,
  t.failed,
  t.crashed,
  t.timedOut,
  t.refused,
  t.costMicros,
  t.earnedMicros,
  t.profitSquares,
];

export function decodeTally(value: Value | undefined): Tally {
  const list = Array.isArray(value) ? value.map(Number) : [];
  const [runs = 0, succeeded = 0, failed = 0, crashed = 0, timedOut = 0, refused = 0, ...sums] = list;
  const [costMicros = 0, earnedMicros = 0, profitSquares = 0] = sums;
  return { runs, succeeded, failed, crashed, timedOut, refused, costMicros, earnedMicros, profitSquares };
}

export const encodeTries = (tries: Instance['tries']): Value =>
  Object.fromEntries(
    Object.entries(tries).map(([slot, { attempts, lostMicros, lostTokens = 0, lostCallsMicros = 0 }]) => {
      const calls = lostCallsMicros > 0 ? [lostTokens, lostCallsMicros] : lostTokens > 0 ? [lostTokens] : [];
      return [slot, [attempts, lostMicros, ...calls]];
    }),
  );

const NO_TRIES: Instance['tries'] = {};

function decodeTries(value: Value | undefined): Instance['tries'] {
  if (value === undefined) return NO_TRIES;
  const entries = Object.entries((value ?? {}) as { [slot: string]: readonly number[] });
  return Object.fromEntries(
    entries.map(([slot, [attempts = 0, lostMicros = 0, lostTokens = 0, lostCallsMicros = 0]]) => [
      slot,
      {
        ...{ attempts, lostMicros },
        ...(lostTokens > 0 ? { lostTokens } : {}),
        ...(lostCallsMicros > 0 ? { lostCallsMicros } : {}),
      },
    ]),
  );
}

/** Attributes of the run in progress; all are removed when it ends. */
export const RUN_ATTRS = ['sl', 'ho', 'ra', 'lu', 'cs', 'hd', 'hl', 'se', 'hx', 'ck', 'ts'] as const;

function decodeRun(item: Item): ActiveRun | null {
  if (item.ho === undefined) return null;
  return {
    slot: String(item.sl),
    holder: String(item.ho),
    startedAt: Number(item.ra),
    leaseUntil: Number(item.lu),
    callSeq: Number(item.cs),
    ...(item.ck === undefined ? {} : { checkedSeq: Number(item.ck) }),
    holdMicros: Number(item.hd),
    holdLeftMicros: Number(item.hl),
    sentMicros: Number(item.se),
    sentTokens: Number(item.ts ?? 0),
    others: decodeOthers(item.hx),
  };
}

/** Tokens, runs and seconds that a run holds: absent where none of them is limited. */
export const encodeOthers = ({ tokens, runs, seconds }: Amounts): Value => [tokens, runs, seconds];

function decodeOthers(value: Value | undefined): Amounts {
  if (value === undefined) return NOTHING;
  const [tokens = 0, runs = 0, seconds = 0] = (value as readonly number[]).map(Number);
  return { usd: 0, tokens, runs, seconds };
}

/** Where the slice of each kind is kept; absent for a kind that nothing limits. */
export const SLICE_ATTRS = { usd: 'av', tokens: 'at', runs: 'ar', seconds: 'as' } as const;

function decodeSlice(item: Item, agentId: string): Slice {
  const { at, ar, as } = item;
  const limited = at !== undefined || ar !== undefined || as !== undefined;
  return {
    period: String(item.pe),
    hour: item.hr === undefined ? null : String(item.hr),
    lines: item.ls === undefined ? basicLines(agentId) : decodeLines(agentId, String(item.ls)),
    availableMicros: Number(item.av),
    others: limited ? { usd: 0, tokens: Number(at ?? 0), runs: Number(ar ?? 0), seconds: Number(as ?? 0) } : NOTHING,
    exact: item.ex === true,
  };
}

const strings = (value: Value | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);

export function decodeInstance(item: Item): Instance {
  const [agentId = '', number = '0'] = item.sk.split('#');
  return {
    agentId,
    number: Number(number),
    status: item.st as InstanceStatus,
    killEpoch: Number(item.ke),
    specVersion: Number(item.sv),
    fence: Number(item.f),
    rev: Number(item.rev),
    run: decodeRun(item),
    tries: decodeTries(item.tr),
    slice: decodeSlice(item, agentId),
    recent: strings(item.rc),
    floor: Number(item.fl),
    journal: strings(item.j).map(decodeRecord),
    day: decodeTally(item.d),
    total: decodeTally(item.t),
    refusedMicros: Number(item.rm ?? 0),
    crashStreak: Number(item.cx),
    coolingUntil: Number(item.cu),
    probes: Number(item.pb),
    slowed: decodeSlowed(item.th),
    ...(item.wp === undefined ? {} : { waiting: decodeWaiting(String(item.wp)) }),
    ...(item.lt === undefined ? {} : { lastLostTask: String(item.lt) }),
    hasState: item.hs === true,
  };
}

/** `at,for`. */
export const encodeWaiting = ({ at, for: what }: Waiting): string => `${b36(at)},${what}`;

function decodeWaiting(value: string): Waiting {
  const [at, what = 'capacity'] = value.split(',');
  return { at: from36(at), for: what as Waiting['for'] };
}

/** `kind,since,runs,cost`, as `slowed` of the instance; absent while it is not slowed down. */
export const encodeSlowed = ({ kind, since, runs, costMicros }: Slowed): string =>
  [kind, b36(since), b36(runs), b36(costMicros)].join(',');

function decodeSlowed(value: Value | undefined): Slowed | null {
  if (typeof value !== 'string') return null;
  const [kind = '', since, runs, costMicros] = value.split(',');
  return { kind: kind as Slowed['kind'], since: from36(since), runs: from36(runs), costMicros: from36(costMicros) };
}

/** A new instance: nothing run, no money, no period yet. */
export function newInstanceItem(agentId: string, number: number, specVersion: number): Item {
  const none = encodeTally(NO_TALLY);
  return {
    ...instanceKey(agentId, number),
    v: 1,
    st: 'active',
    ke: 0,
    sv: specVersion,
    f: 0,
    rev: 0,
    pe: '-',
    av: 0,
    rc: [],
    fl: 0,
    j: [],
    d: none,
    t: none,
    cx: 0,
    cu: 0,
    pb: 0,
  };
}
