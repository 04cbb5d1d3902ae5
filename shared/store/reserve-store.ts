/** What refund reserves are worked out from: the sums of the last days, by agent; nobody's stand under UNATTRIBUTED_ID. */
import {
  FINAL_SOURCES,
  HISTORY_DAYS,
  NO_RESERVE_FACTS,
  type ReserveFacts,
  type ReserveRules,
  type TakenBack,
} from '../domain/reserve.ts';
import type { Item, Table } from '../ports/table.ts';
import { ledgerDaysPk, ledgerSumsPk } from './keys.ts';
import { sumsOf, utcDate } from './ledger-item.ts';
import { queryAll } from './query-all.ts';

const DAY_MS = 86_400_000;

/** The first moment that counts as recent: whole UTC days, as the sums are kept. */
export const recentSince = (now: number, { reserveDays }: Pick<ReserveRules, 'reserveDays'>): number =>
  Math.floor(now / DAY_MS) * DAY_MS - (reserveDays - 1) * DAY_MS;

/** So many days are read at a time; days without money cost nothing. */
const AT_ONCE = 16;

export async function reserveFacts(
  table: Table,
  now: number,
  rules: Pick<ReserveRules, 'reserveDays'>,
): Promise<ReadonlyMap<string, ReserveFacts>> {
  const from = utcDate(Math.max(0, now - (Math.max(HISTORY_DAYS, rules.reserveDays) - 1) * DAY_MS));
  const recent = utcDate(Math.max(0, recentSince(now, rules)));
  const days = (await queryAll(table, { pk: ledgerDaysPk, from, to: utcDate(now) })).map(({ sk }) => sk);
  const facts = new Map<string, ReserveFacts>();
  for (let at = 0; at < days.length; at += AT_ONCE) {
    const some = days.slice(at, at + AT_ONCE);
    const items = await Promise.all(some.map((date) => queryAll(table, { pk: ledgerSumsPk(date) })));
    for (const item of items.flat()) addDay(facts, item, recent);
  }
  return facts;
}

function addDay(facts: Map<string, ReserveFacts>, item: Item, recentFrom: string): void {
  const [owner = '', source = ''] = item.sk.split('#');
  if (FINAL_SOURCES.includes(source)) return;
  const { revenueMicros = 0n, refundMicros = 0n } = sumsOf(item);
  const plus = (sum: TakenBack): TakenBack => ({
    revenueMicros: sum.revenueMicros + Number(revenueMicros),
    refundMicros: sum.refundMicros + Number(refundMicros),
  });
  const { recent, history } = facts.get(owner) ?? NO_RESERVE_FACTS;
  const isRecent = item.pk >= ledgerSumsPk(recentFrom);
  facts.set(owner, { recent: isRecent ? plus(recent) : recent, history: plus(history) });
}
