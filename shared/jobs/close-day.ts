/**
 * After midnight in the owner's zone: instances that rest are rolled over, so that yesterday's items are complete, and
 * what was recorded is sealed: pages of runs in their day items, the audit trail in a root outside the table.
 */
import type { JsonObject } from '../domain/agent.ts';
import { messageOf } from '../domain/error.ts';
import type { World } from '../ports/world.ts';
import type { ScheduleJob } from '../runtime/job.ts';
import { keepRoot } from '../store/anchor-store.ts';
import { momentNow } from '../store/calendar-store.ts';
import { listFleet } from '../store/instance-store.ts';
import type { LedgerFault } from '../store/ledger-compare.ts';
import { proveNight } from '../store/ledger-night.ts';
import { proveLedger } from '../store/ledger-verify.ts';
import { sealPages } from '../store/page-seal.ts';
import { noteProof } from '../store/pulse-store.ts';
import { rollOver } from '../store/roll-over-store.ts';

const NEEDS = { table: true, time: true, settings: true, hashing: true, roots: true, log: true } as const;
export type CloseDayPorts = Pick<World, keyof typeof NEEDS>;

export const closeDayJob: ScheduleJob<CloseDayPorts> = {
  name: 'close-day',
  needs: NEEDS,
  run: (world) => closeDay(world),
};

/**
 * Whether every sum follows from its entries; what is found becomes an alert. A ledger that cannot be read is a fault.
 * Where something is wrong the whole ledger is read, so that what is told is exact; meanwhile it is told where.
 */
async function prove(ports: CloseDayPorts): Promise<JsonObject> {
  const note = (faults: readonly LedgerFault[]): Promise<void> =>
    noteProof(
      ports,
      faults.map(({ id, problem }) => `${id}: ${problem}`),
    );
  try {
    const { entries, days, allDays, faults } = await proveNight(ports);
    await note(faults);
    const exact = faults.length === 0 ? faults : (await proveLedger(ports)).faults;
    if (faults.length > 0) await note(exact);
    return { entries, proved: `${days} of ${allDays} days`, ledgerFaults: exact.length };
  } catch (thrown) {
    ports.log.error('the ledger could not be proved', { why: messageOf(thrown) });
    await noteProof(ports, [`it could not be read: ${messageOf(thrown)}`]);
    return { ledgerFaults: 1 };
  }
}

/** A leased instance is rolled over by its next claim; one that was touched meanwhile likewise. */
export async function closeDay(ports: CloseDayPorts): Promise<JsonObject> {
  const moment = await momentNow(ports);
  const period = moment.date;
  const behind = (await listFleet(ports.table)).filter(({ slice, run }) => slice.period < period && run === null);
  const rolled = await Promise.all(behind.map((instance) => rollOver(ports, instance, moment)));
  const sealed = await sealPages(ports);
  const root = await keepRoot(ports, sealed);
  const proof = await prove(ports);
  return { period, rolledOver: rolled.filter(Boolean).length, sealed: sealed.length, root: root.hash, ...proof };
}
