/** Receipts in the records of their runs, and where one does not fit, as an item put before the end. */
import { type Instance, JOURNAL_RECORDS } from '../domain/instance.ts';
import { feeItem, type Usage } from '../domain/receipt.ts';
import { decodeReceipt, encodeReceiptItem, encodeUsage, type RunUsage } from '../domain/receipt-code.ts';
import type { RunRecord } from '../domain/run.ts';
import { textBytes } from '../domain/table/values.ts';
import type { Put, Table } from '../ports/table.ts';
import { journalAfter } from './instance-store.ts';
import { receiptKey } from './keys.ts';
import { encodeLines } from './line-code.ts';

/** One write unit, which the instance must not exceed. */
const ONE_UNIT = 1024;
/** All of an instance but its journal, at its largest: a retried run in progress, asked for by hand. A test holds both. */
export const INSTANCE_BYTES = 512;
/** What limits beyond the basic ones add, without their letters. */
export const LIMIT_BYTES = 70;
const IN_A_LIST = 1;

/**
 * What a receipt may take so that the whole instance stays one write unit: its share of what is left when the records
 * still to come before the next page are as long as this one.
 */
export function roomFor(image: Instance, record: RunRecord): number {
  const journal = journalAfter(image, record);
  const lengths = journal.map((text) => IN_A_LIST + textBytes(text));
  const own = (lengths.at(-1) ?? 0) + ITEM_LETTERS;
  const before = lengths.slice(0, -1).reduce((sum, length) => sum + length, 0);
  const open = JOURNAL_RECORDS - lengths.length + 1;
  const letters = encodeLines(image.slice.lines);
  const limits = letters === undefined ? 0 : LIMIT_BYTES + textBytes(letters);
  return Math.floor((ONE_UNIT - INSTANCE_BYTES - limits - image.agentId.length - before) / open) - own;
}
/** Of a receipt that has an item of its own. */
const ITEM_LETTERS = 10;
const SHORTEST_NOTE = 40;

export type Kept = { readonly record: RunRecord; readonly put: Put | null };

/** The record with its receipt, or with the place of it. Without paid calls there is no item: compute follows from its time. */
export function withReceipt(image: Instance, record: RunRecord, used: RunUsage): Kept {
  if (used.usage.length === 0 && used.lostTokens === 0) return { record, put: null };
  const text = encodeUsage(used, record.durationMs);
  if (text !== null && textBytes(text) <= roomFor(image, record) + ITEM_LETTERS)
    return { record: { ...record, receipt: text }, put: null };
  if (!isPaid(used)) return { record, put: null };
  const { agentId, number, fence } = image;
  const place = encodeReceiptItem(fence, used);
  // Where even its place is too long, the note is a few letters shorter.
  const lacking = Math.max(0, place.length - Math.max(0, roomFor(image, record) + ITEM_LETTERS));
  const note = record.note.slice(0, Math.max(SHORTEST_NOTE, record.note.length - lacking));
  return {
    record: { ...record, note, receipt: place },
    put: {
      op: 'put',
      item: {
        ...receiptKey(agentId, number, { slot: record.slot, fence }),
        ...{ v: 1, version: used.version, lostTokens: used.lostTokens },
        usage: used.usage.map(({ item, quantity }) => [item, quantity]),
      },
    },
  };
}

/** The line of calls that were made by attempts that were lost: what they may have cost is known, what they were is not. */
export const lostCalls = (micros: number): Usage[] =>
  micros > 0 ? [{ item: feeItem('lost_calls'), quantity: micros }] : [];

const PLATFORM = /^(lambda|sqs|dynamodb|fee\.compute)/;
const isPaid = ({ usage, lostTokens }: RunUsage): boolean =>
  lostTokens > 0 || usage.some(({ item }) => !PLATFORM.test(item));

type Owner = Pick<Instance, 'agentId' | 'number'>;

/** What a closed run used; null where its record says nothing. */
export async function usageOf(
  table: Table,
  { agentId, number }: Owner,
  { slot, receipt = '', durationMs }: Pick<RunRecord, 'slot' | 'receipt' | 'durationMs'>,
): Promise<RunUsage | null> {
  const found = decodeReceipt(receipt, durationMs);
  if (found?.kind !== 'item') return found?.used ?? null;
  const item = await table.get(receiptKey(agentId, number, { slot, fence: found.fence }));
  if (!item) return null;
  const usage = (item.usage as readonly (readonly [string, number])[]).map(([name, quantity]) => {
    return { item: name, quantity: Number(quantity) };
  });
  return { version: String(item.version), usage, lostTokens: Number(item.lostTokens) };
}
