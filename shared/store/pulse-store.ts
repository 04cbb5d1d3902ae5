/** Signs of life and small counts, for whoever looks whether all is well. */
import { NovaError } from '../domain/error.ts';
import type { ProvedDay } from '../domain/ledger-proof.ts';
import type { Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { pulseKey, pulsePk } from './keys.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table' | 'time'>;

const REFUSED = 'refused#';
const WINDOW_MS = 15 * 60_000;
const padded = (window: number): string => String(window).padStart(10, '0');
const windowOf = (now: number): string => padded(Math.floor(now / WINDOW_MS));

/** It has ended well, just now. */
export async function beat({ table, time }: Ports, name: string): Promise<void> {
  await table.write({ op: 'update', key: pulseKey(name), set: { v: 1, at: time.now() } });
}

/** When it last ended well; the first time that somebody asks counts as the beginning of the wait. */
export async function lastBeat({ table, time }: Ports, name: string): Promise<number> {
  const item = await table.get(pulseKey(name));
  if (item) return Number(item.at);
  await table.write({ op: 'update', key: pulseKey(name), setIfAbsent: { v: 1, at: time.now() } });
  return time.now();
}

/** The looks at what is wrong. */
export const WATCH_BEAT = 'watch-alerts';

/**
 * Since when somebody has looked without a gap. A machine that was off, or asleep, has only
 * just begun to look: what it finds undone had no time to be done.
 */
export async function lookingSince({ table, time }: Ports, name: string, longestGapMs: number): Promise<number> {
  const item = await table.get(pulseKey(name));
  const now = time.now();
  const goesOn = item !== null && Math.abs(now - Number(item.at)) <= longestGapMs;
  return goesOn ? Number(item.since ?? item.at) : now;
}

/** A look has ended well. */
export async function looked({ table, time }: Ports, name: string, since: number): Promise<void> {
  await table.write({ op: 'update', key: pulseKey(name), set: { v: 1, at: time.now(), since } });
}

/** What the last proof of the ledger found, in words, at most ten. */
export async function noteProof({ table, time }: Ports, faults: readonly string[]): Promise<void> {
  const set = { v: 1, at: time.now(), faults: faults.slice(0, 10).map((fault) => fault.slice(0, 200)) };
  await table.write({ op: 'update', key: pulseKey('ledger'), set });
}

export async function lastProof(table: Table): Promise<readonly string[]> {
  const item = await table.get(pulseKey('ledger'));
  return Array.isArray(item?.faults) ? item.faults.map(String) : [];
}

const DAY_PROOF = 'proof#';

/** The days whose entries were proved before, by date. */
export async function provedDays(table: Table): Promise<Map<string, ProvedDay>> {
  const items = await queryAll(table, { pk: pulsePk, prefix: DAY_PROOF });
  return new Map(
    items.map(({ sk, mark, at }) => [sk.slice(DAY_PROOF.length), { mark: String(mark), at: Number(at) }] as const),
  );
}

/** `mark`: what the sums of the day said; empty when they did not follow from its entries, so that it is due again. */
export async function noteDayProof({ table, time }: Ports, date: string, mark: string): Promise<void> {
  await table.write({ op: 'update', key: pulseKey(`${DAY_PROOF}${date}`), set: { v: 1, mark, at: time.now() } });
}

/** A request whose signature was wrong. The door throttles, so a flood of them is bounded. */
async function countRefused({ table, time }: Ports, source: string): Promise<void> {
  const key = pulseKey(`${REFUSED}${windowOf(time.now())}#${source}`);
  await table.write({ op: 'update', key, set: { v: 1 }, add: { count: 1 } });
}

/** Counted, so that somebody is told; the refusal itself never waits for that to work. */
export async function turnedAway(ports: Ports, path: string, thrown: unknown): Promise<never> {
  const forged = thrown instanceof NovaError && thrown.code === 'unauthenticated';
  if (forged) await countRefused(ports, path.split('/')[2] ?? '').catch(() => undefined);
  throw thrown;
}

/** Of this quarter of an hour and the one before, by source; older counts are cleared away. */
export async function refusedLately({ table, time }: Ports): Promise<{ source: string; count: number }[]> {
  const since = `${REFUSED}${windowOf(time.now() - WINDOW_MS)}`;
  const sums = new Map<string, number>();
  for (const item of await queryAll(table, { pk: pulsePk, prefix: REFUSED })) {
    const [, , source = ''] = item.sk.split('#');
    if (item.sk < since) await table.write({ op: 'delete', key: { pk: item.pk, sk: item.sk } });
    else sums.set(source, (sums.get(source) ?? 0) + Number(item.count));
  }
  return [...sums].map(([source, count]) => ({ source, count }));
}
