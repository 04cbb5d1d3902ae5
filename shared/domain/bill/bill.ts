/**
 * A month's bill from what is used and what it costs, in whole numbers: amounts in thousandths, prices in pico-dollars.
 * What AWS gives every account for ever is taken off once, from whoever comes first.
 */
export type Use = {
  /** A name of the price list. */
  readonly price: string;
  /** Thousandths of the price's unit in a month. */
  readonly milli: number;
  /** Who uses it: a resource, a schedule, an agent. */
  readonly what: string;
};

export type ListPrice = {
  /** Pico-dollars for one unit. */
  readonly picos: number;
  /** Thousandths of a unit that cost nothing each month. */
  readonly freeMilli: number;
};
export type PriceList = { readonly [price: string]: ListPrice };

export type BillLine = Use & { readonly micros: number; readonly listMicros: number };
export type Bill = { readonly lines: readonly BillLine[]; readonly micros: number; readonly listMicros: number };

/** Rounded to the micro-dollar at the end, halves up. @throws RangeError for a use without a price: nothing is free by mistake. */
export function billOf(uses: readonly Use[], prices: PriceList): Bill {
  const left = new Map(Object.entries(prices).map(([name, { freeMilli }]) => [name, freeMilli]));
  let [net, list] = [0n, 0n];
  const lines = uses.map((use): BillLine => {
    const price = prices[use.price];
    if (!price) throw new RangeError(`${use.what} uses ${use.price}, which has no price`);
    const free = Math.min(use.milli, left.get(use.price) ?? 0);
    left.set(use.price, (left.get(use.price) ?? 0) - free);
    const [mine, all] = [use.milli - free, use.milli].map((milli) => BigInt(milli) * BigInt(price.picos));
    net += mine ?? 0n;
    list += all ?? 0n;
    return { ...use, micros: microsOf(mine ?? 0n), listMicros: microsOf(all ?? 0n) };
  });
  return { lines, micros: microsOf(net), listMicros: microsOf(list) };
}

const MILLI_PICOS_PER_MICRO = 1_000_000_000n;
const microsOf = (milliPicos: bigint): number =>
  Number((milliPicos + MILLI_PICOS_PER_MICRO / 2n) / MILLI_PICOS_PER_MICRO);

export type Driver = { readonly id: string; readonly micros: number };

/** What costs most, by name; what costs nothing is left out. */
export function driversOf(costs: readonly Driver[], most: number): Driver[] {
  const sums = new Map<string, number>();
  for (const { id, micros } of costs) sums.set(id, (sums.get(id) ?? 0) + micros);
  const all = [...sums].map(([id, micros]) => ({ id, micros })).filter(({ micros }) => micros > 0);
  return all.sort((a, b) => b.micros - a.micros || (a.id < b.id ? -1 : 1)).slice(0, most);
}
