import { formatMinor } from '../../shared/domain/currency.ts';
import { type ExportedEntry, exportedEntry } from '../../shared/domain/finance/export.ts';
import type { LedgerEntry } from '../../shared/domain/ledger.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { shortTime } from '../render/words.ts';

export type EntryView = ExportedEntry & {
  /** What the buyer saw, where that is another amount than what reached the balance. */
  readonly presentedMinor: string | null;
  readonly presentedCurrency: string | null;
  /** The vendor's rate between the two. */
  readonly rate: string | null;
  /** From when it may be paid out; null while it has not reached the balance. */
  readonly availableAt: string | null;
};

export function entryView(entry: LedgerEntry): EntryView {
  const { presented, rate, availableAt } = entry;
  return {
    ...exportedEntry(entry),
    presentedMinor: presented?.amountMinor.toString() ?? null,
    presentedCurrency: presented?.currency ?? null,
    rate: rate ?? null,
    availableAt: availableAt === undefined ? null : new Date(availableAt).toISOString(),
  };
}

export function renderEntries(entries: readonly EntryView[], style: Style, nothing = 'no entries'): string {
  return table(
    entries,
    [
      { title: 'AT (UTC)', value: ({ at }) => shortTime(at) },
      { title: 'ENTRY', value: ({ id }) => id, min: 14 },
      { title: 'KIND', value: ({ kind }) => kind },
      { title: 'AGENT', value: ({ agentId }) => agentId ?? '(unattributed)', min: 8, dropOrder: 1 },
      { title: 'AMOUNT', value: ({ amount }) => amount, align: 'money' },
      { title: '', value: ({ currency }) => currency },
    ],
    style,
    nothing,
  );
}

export const presentedText = ({ presentedMinor, presentedCurrency, rate }: EntryView): string | null =>
  presentedMinor === null || presentedCurrency === null
    ? null
    : `${formatMinor(BigInt(presentedMinor), presentedCurrency)}${rate === null ? '' : ` at ${rate}`}`;
