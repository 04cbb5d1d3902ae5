/** The ledger's entries as a file, for spreadsheets and other programs: one row per entry, whatever it belongs to. */
import { formatMinor } from '../currency.ts';
import type { LedgerEntry } from '../ledger.ts';
import { csv } from './csv.ts';

export const CSV_COLUMNS = [
  ...['id', 'at', 'kind', 'bucket', 'source', 'agentId', 'method', 'confidenceBps', 'amountMinor', 'currency'],
  ...['amount', 'amountMicros', 'paymentKey', 'livemode', 'bookedAt', 'note'],
] as const;

export type ExportedEntry = {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly bucket: string;
  readonly source: string;
  readonly agentId: string | null;
  readonly method: string;
  readonly confidenceBps: number;
  /** A decimal integer: it may be larger than a JSON number can say. */
  readonly amountMinor: string;
  readonly currency: string;
  /** For people and spreadsheets: `-12.50`. */
  readonly amount: string;
  readonly amountMicros: number | null;
  readonly paymentKey: string | null;
  readonly livemode: boolean;
  readonly bookedAt: string;
  readonly note: string;
};

export function exportedEntry(entry: LedgerEntry): ExportedEntry {
  const { id, kind, bucket, source, agentId, attribution, amountMinor, currency, exponent } = entry;
  const amount = formatMinor(amountMinor, currency, exponent)
    .slice(0, -currency.length - 1)
    .replaceAll(',', '');
  return {
    ...{ id, at: new Date(entry.at).toISOString(), kind, bucket, source, agentId },
    ...{ method: attribution.method, confidenceBps: attribution.confidenceBps },
    ...{ amountMinor: amountMinor.toString(), currency, amount, amountMicros: entry.amountMicros },
    ...{ paymentKey: entry.paymentKey, livemode: entry.livemode },
    ...{ bookedAt: new Date(entry.bookedAt).toISOString(), note: entry.note },
  };
}

export function entriesCsv(entries: readonly ExportedEntry[]): string {
  const rows = entries.map((entry) =>
    CSV_COLUMNS.map((column) => {
      const value = entry[column];
      return typeof value === 'boolean' ? String(value) : value;
    }),
  );
  return csv(CSV_COLUMNS, rows);
}
