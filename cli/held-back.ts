/** What of the money that came in is settled, pending, and held back for refunds: the same rules as decisions go by. */
import type { Books } from '../shared/domain/finance/books.ts';
import {
  type HeldBack,
  type HoldBackRules,
  heldBack,
  NOTHING_HELD,
  SETTLE_DAYS,
  totalHeld,
} from '../shared/domain/finance/settled.ts';
import { roiBps } from '../shared/domain/money.ts';
import type { World } from '../shared/ports/world.ts';
import { currentPolicy } from '../shared/store/policy-store.ts';
import { recentSince, reserveFacts } from '../shared/store/reserve-store.ts';
import type { MoneyRow } from './books.ts';
import { centsOf } from './render/words.ts';

type Ports = Pick<World, 'table' | 'time'>;

export async function holdBackRules({ table, time }: Ports, settleDays = SETTLE_DAYS): Promise<HoldBackRules> {
  const now = time.now();
  const reserve = await currentPolicy(table);
  const histories = await reserveFacts(table, now, reserve);
  return { now, settleDays, reserve, histories, recentSince: recentSince(now, reserve) };
}

/** `decisionRoiBps`: with the reserve taken off the revenue. */
export type Held = HeldBack & { readonly decisionRoiBps: number | null };

export type HeldMoney = { readonly total: HeldBack; readonly of: ReadonlyMap<string, HeldBack> };

export async function heldMoney(world: Ports, books: Pick<Books, 'entries'>): Promise<HeldMoney> {
  const of = heldBack(books.entries, await holdBackRules(world));
  return { of, total: totalHeld(of.values()) };
}

export function withHeld<Row extends Pick<MoneyRow, 'id' | 'netMicros' | 'costMicros'>>(
  row: Row,
  held: HeldBack = NOTHING_HELD,
): Row & Held {
  const { settledMicros, pendingMicros, reserveMicros } = held;
  const decisionRoiBps = roiBps(row.netMicros - reserveMicros, row.costMicros);
  return { ...row, settledMicros, pendingMicros, reserveMicros, decisionRoiBps };
}

export const heldText = ({ settledMicros, pendingMicros, reserveMicros }: HeldBack): string =>
  `settled ${centsOf(settledMicros)}, pending ${centsOf(pendingMicros)}, held back for refunds ${centsOf(reserveMicros)}`;
