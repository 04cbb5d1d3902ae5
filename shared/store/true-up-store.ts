/**
 * AWS's bill of a month, put beside the compute that runs were charged and booked as what is missing: one entry per
 * month and service, and one more for each later import that says something else. The same import again books nothing.
 */
import type { AwsBill } from '../domain/finance/aws-bill.ts';
import { type TrueUpRow, trueUpRows } from '../domain/finance/true-up.ts';
import { entryOf, type LedgerEntry, type Movement } from '../domain/ledger.ts';
import { runReceipt } from '../domain/run-receipt.ts';
import type { Item, Update } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { listAgents } from './agent-store.ts';
import { chargedBetween } from './charged-runs.ts';
import { trueUpKey, trueUpPk } from './keys.ts';
import { auditOps, type By, untilDone } from './ledger-book.ts';
import { commitEntries, type LedgerPorts } from './ledger-store.ts';
import { queryAll } from './query-all.ts';
import { readSpec } from './spec-cache.ts';

/** Which service a run's compute is billed under. */
const SERVICE_OF = { fargate: 'ecs', gpu: 'ec2', lambda: 'lambda' } as const;
/** Items of the price table that AWS bills, by what they begin with. */
const PLATFORM = new Map([
  ['lambda', 'lambda'],
  ['sqs', 'sqs'],
  ['dynamodb', 'dynamodb'],
]);
const COMPUTE: ReadonlySet<string> = new Set(['compute', 'lost_compute']);

export type Month = { readonly month: string; readonly fromMs: number; readonly toMs: number };

/** `2026-10`, in UTC. */
export function monthOf(month: string): Month {
  const fromMs = Date.parse(`${month}-01T00:00:00Z`);
  const next = new Date(fromMs);
  return { month, fromMs, toMs: Date.UTC(next.getUTCFullYear(), next.getUTCMonth() + 1, 1) };
}

/** The compute of the month's runs by service, as they were charged for it. */
export async function bookedCompute(
  { table, settings }: Pick<World, 'table' | 'settings'>,
  month: Month,
): Promise<Map<string, number>> {
  const booked = new Map<string, number>();
  const kinds = new Map<string, keyof typeof SERVICE_OF>();
  for (const { id, specVersion } of await listAgents(table))
    kinds.set(id, (await readSpec(table, id, specVersion)).task?.kind ?? 'lambda');
  for (const { agentId, facts } of await chargedBetween({ table, settings }, month)) {
    const service = SERVICE_OF[kinds.get(agentId) ?? 'lambda'];
    for (const { item, amountMicros } of runReceipt(facts).lines) {
      const name = COMPUTE.has(item) ? service : PLATFORM.get(item.split('.', 1)[0] ?? '');
      if (name && amountMicros > 0) booked.set(name, (booked.get(name) ?? 0) + amountMicros);
    }
  }
  return booked;
}

export type KnownTrueUp = {
  readonly month: string;
  readonly service: string;
  readonly billedMicros: number;
  readonly bookedMicros: number;
  readonly adjustedMicros: number;
  /** Entries so far. */
  readonly entries: number;
  readonly at: number;
};

/** What earlier imports said, of one month or of all. */
export async function knownTrueUps({ table }: Pick<World, 'table'>, month = ''): Promise<KnownTrueUp[]> {
  return (await queryAll(table, { pk: trueUpPk, prefix: month })).map(decode);
}

function decode(item: Item): KnownTrueUp {
  const [month = '', service = ''] = item.sk.split('#');
  const of = (name: string): number => Number(item[name] ?? 0);
  return {
    ...{ month, service, billedMicros: of('billedMicros'), bookedMicros: of('bookedMicros') },
    ...{ adjustedMicros: of('adjustedMicros'), entries: of('entries'), at: of('at') },
  };
}

export async function compareBill(world: Pick<World, 'table' | 'settings'>, bill: AwsBill): Promise<TrueUpRow[]> {
  const booked = await bookedCompute(world, monthOf(bill.month));
  const known = await knownTrueUps(world, bill.month);
  const adjusted = new Map(known.map(({ service, adjustedMicros }) => [service, adjustedMicros]));
  return trueUpRows(new Map(bill.services.map(({ service, micros }) => [service, micros])), booked, adjusted);
}

/** Books what is missing of one service. @returns the entry; null when there is nothing to put right. */
export async function trueUpService(
  world: LedgerPorts,
  { month, row }: { readonly month: string; readonly row: TrueUpRow },
  by: By,
): Promise<LedgerEntry | null> {
  const booked = await untilDone(async () => {
    const item = await world.table.get(trueUpKey(month, row.service));
    const known = item && decode(item);
    const deltaMicros = row.driftMicros - (known?.adjustedMicros ?? 0);
    const entries = (known?.entries ?? 0) + (deltaMicros === 0 ? 0 : 1);
    const entry = deltaMicros === 0 ? null : entryFor(world, { month, row, deltaMicros, number: entries });
    const { billedMicros, bookedMicros, driftMicros } = row;
    const put: Update = {
      op: 'update',
      key: trueUpKey(month, row.service),
      if: [item ? { attr: 'entries', op: '=', value: known?.entries ?? 0 } : { attr: 'pk', op: 'missing' }],
      set: { v: 1, billedMicros, bookedMicros, adjustedMicros: driftMicros, entries, at: world.time.now() },
    };
    if (!entry) return (await world.table.write(put)).ok ? { entry } : null;
    const details = { entry: entry.id, month, service: row.service, billedMicros, bookedMicros, deltaMicros };
    const audit = await auditOps(world, { action: 'ledger.trued_up', details }, by);
    return (await commitEntries(world, [entry], [put, ...audit])) ? { entry } : null;
  });
  return booked.entry;
}

type Missing = {
  readonly month: string;
  readonly row: TrueUpRow;
  readonly deltaMicros: number;
  readonly number: number;
};

/** What AWS billed beyond what was booked is a cost; what was booked too much comes back. On the month's last moment. */
function entryFor(world: LedgerPorts, { month, row, deltaMicros, number }: Missing): LedgerEntry {
  const now = world.time.now();
  const movementId = `aws-${month}-${row.service}${number === 1 ? '' : `-${number}`}`;
  const movement: Movement = {
    ...{ source: 'manual', movementId, kind: 'cost', at: Math.min(now, monthOf(month).toMs - 1) },
    ...{ amountMinor: BigInt(-deltaMicros), currency: 'USD', exponent: 6, paymentKey: null },
    claim: { agentId: null, artifacts: [], strength: 0 },
    originalRef: { eventId: movementId, objectId: row.service },
    livemode: true,
    note: `AWS billed ${row.billedMicros} micro-USD for ${row.service} in ${month}; runs were charged ${row.bookedMicros}`,
  };
  const house = { agentId: null, method: 'house', confidenceBps: 10_000, strength: 0 } as const;
  return entryOf(movement, house, { now, rates: world.settings.rates ?? {} });
}
