/** How far back a comparison of books goes, and how its progress is kept. */
import { messageOf } from '../domain/error.ts';
import type { World } from '../ports/world.ts';
import { getConnector, noteConnector } from './connector-store.ts';

export type ReconcilePorts = Pick<World, 'table' | 'time' | 'log' | 'settings' | 'hashing' | 'stripe' | 'gumroad'>;
export type VendorSource = 'stripe' | 'gumroad';

export type ReconcileSpan = {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Read much further back than usual. */
  readonly deep: boolean;
  /** No new page after this moment. */
  readonly until: number;
};

export const DAY_MS = 86_400_000;
/** Refunds and disputes change a sale without a new one: they are looked for this far back. */
const DEEP_DAYS = 30;
const DEEP_EVERY_MS = 20 * 3_600_000;
/** Vendors may show a sale late. */
const OVERLAP_MS: Readonly<Record<VendorSource, number>> = { stripe: 2 * 3_600_000, gumroad: 3 * DAY_MS };

/** From a little before where the last pass ended; from 30 days ago once a day, and the first time. */
export async function spanSince(world: ReconcilePorts, source: VendorSource, until: number): Promise<ReconcileSpan> {
  const now = world.time.now();
  const { cursor, deepAt } = await getConnector(world.table, source);
  const deep = cursor === null || deepAt === null || now - deepAt >= DEEP_EVERY_MS;
  const from = Math.min(cursor ?? now, now) - OVERLAP_MS[source];
  return { from: deep ? Math.min(from, now - DEEP_DAYS * DAY_MS) : from, to: now, deep, until };
}

/** Runs one pass and keeps what came of it. `work` answers up to where all was compared. */
export async function keepingTrack(
  world: ReconcilePorts,
  source: VendorSource,
  { span, work }: { readonly span: ReconcileSpan; readonly work: () => Promise<number> },
): Promise<void> {
  try {
    const reached = await work();
    const whole = reached >= span.to;
    const before = (await getConnector(world.table, source)).cursor ?? 0;
    await noteConnector(world.table, source, {
      checkedAt: world.time.now(),
      problem: '',
      cursor: Math.max(before, reached),
      ...(whole && span.deep ? { deepAt: span.to } : {}),
    });
  } catch (thrown) {
    await noteConnector(world.table, source, { problem: messageOf(thrown).toWellFormed().slice(0, 500) });
    throw thrown;
  }
}
