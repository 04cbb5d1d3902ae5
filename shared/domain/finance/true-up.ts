/** A month of AWS's bill beside what NovaOS has booked: how far apart they are, and whether somebody must look. */
import { formatUsd } from '../money.ts';
import { ratioBps, sumOf } from './share.ts';

/** Of one service in one month. */
export type TrueUpRow = {
  readonly service: string;
  readonly billedMicros: number;
  /** The compute of runs, as they were charged. */
  readonly bookedMicros: number;
  /** Put right by earlier imports of the same month. */
  readonly adjustedMicros: number;
  /** Billed less booked: positive when AWS charged more. */
  readonly driftMicros: number;
  /** Of what was billed; null where nothing was. */
  readonly driftBps: number | null;
  /** What this import has to put right. */
  readonly deltaMicros: number;
};

export type Sums = ReadonlyMap<string, number>;

/** Every service that any of the three knows, the largest bill first. */
export function trueUpRows(billed: Sums, booked: Sums, adjusted: Sums): TrueUpRow[] {
  const names = [...new Set([...billed.keys(), ...booked.keys(), ...adjusted.keys()])];
  const rows = names.map((service): TrueUpRow => {
    const [billedMicros, bookedMicros, adjustedMicros] = [billed, booked, adjusted].map(
      (sums) => sums.get(service) ?? 0,
    );
    return rowOf({
      service,
      billedMicros: billedMicros ?? 0,
      bookedMicros: bookedMicros ?? 0,
      adjustedMicros: adjustedMicros ?? 0,
    });
  });
  return rows.sort((a, b) => b.billedMicros - a.billedMicros || (a.service < b.service ? -1 : 1));
}

export function totalRow(rows: readonly TrueUpRow[]): TrueUpRow {
  return rowOf({
    service: 'all',
    billedMicros: sumOf(rows, (row) => row.billedMicros),
    bookedMicros: sumOf(rows, (row) => row.bookedMicros),
    adjustedMicros: sumOf(rows, (row) => row.adjustedMicros),
  });
}

type Known = Pick<TrueUpRow, 'service' | 'billedMicros' | 'bookedMicros' | 'adjustedMicros'>;

function rowOf(known: Known): TrueUpRow {
  const driftMicros = known.billedMicros - known.bookedMicros;
  const driftBps = ratioBps(driftMicros, known.billedMicros);
  return { ...known, driftMicros, driftBps, deltaMicros: driftMicros - known.adjustedMicros };
}

const MOST_BPS = 200;
const MOST_MICROS_PER_DAY = 1_000_000;

/**
 * Sentences for the owner. What runs are charged for should be within 2 %; what NovaOS does not charge to runs at all
 * (tables, queues, keys) may cost a dollar a day before somebody must know.
 */
export function driftAlarms(rows: readonly TrueUpRow[], days: number): string[] {
  const services = rows.flatMap((row) => {
    if (costly(row, days)) return [sentence(row, 'more than $1 a day')];
    return unlikeBooked(row) ? [sentence(row, 'more than 2 %')] : [];
  });
  const all = totalRow(rows);
  return rows.length > 1 && costly(all, days) ? [...services, sentence(all, 'more than $1 a day')] : services;
}

const costly = ({ driftMicros }: TrueUpRow, days: number): boolean =>
  Math.abs(driftMicros) > MOST_MICROS_PER_DAY * days;

const unlikeBooked = ({ bookedMicros, billedMicros, driftMicros }: TrueUpRow): boolean =>
  bookedMicros > 0 && BigInt(Math.abs(driftMicros)) * 10_000n > BigInt(MOST_BPS) * BigInt(Math.max(0, billedMicros));

function sentence({ service, driftMicros, driftBps }: TrueUpRow, limit: string): string {
  const way = driftMicros > 0 ? 'more' : 'less';
  const percent = driftBps === null ? '' : ` (${(Math.abs(driftBps) / 100).toFixed(1)} %)`;
  return `${service}: AWS billed ${formatUsd(Math.abs(driftMicros))}${percent} ${way} than was booked: ${limit}`;
}
