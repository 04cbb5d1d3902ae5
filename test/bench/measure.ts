/** All measurements, in interleaved rounds: what else the machine does meanwhile touches every engine alike. */
import { cpus, loadavg } from 'node:os';
import { bundle, isFresh } from '../../infra/aws/bundle.ts';
import { moduleLoads } from '../../infra/aws/module-load.ts';
import { missingStandIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { measureAudit } from './audit.ts';
import { commitsPerSecond, type Synchronous } from './disk.ts';
import { engineSubject } from './engine-subject.ts';
import { FLEET, KINDS, type Kind, SMALL_FLEET } from './fleet.ts';
import { memorySubject } from './memory-subject.ts';
import type { DiskResult, EngineResult, FunctionResult, Report, Skipped } from './report.ts';
import { median } from './statistics.ts';
import type { Idle, Subject } from './subject.ts';
import { openUnitBench, type UnitRow, unitsMissing } from './units.ts';

export type Extent = {
  readonly rounds: number;
  /** A further round is begun only when it will probably end before; on a busy machine there are fewer. */
  readonly untilSeconds: number;
  readonly burst: number;
  readonly steadySeconds: number;
  readonly idleSeconds: number;
  readonly loadRounds: number;
  /** How many children, by how sure a commit is. */
  readonly embedded: readonly { readonly synchronous: Synchronous; readonly idleChildren: number }[];
  /** null: not measured. */
  readonly rehearsalBurst: number | null;
  readonly auditRecords: number;
  readonly unitRuns: readonly { readonly runs: number; readonly everySeconds: number; readonly what: string }[];
};

const settings = (synchronous: Synchronous, children: readonly number[]): Extent['embedded'] =>
  children.map((idleChildren) => ({ synchronous, idleChildren }));

/** Past the first slices, which are small because nobody knows yet how busy the agent will be. */
const WARM_RUNS = 16;
const SLICE = { runs: 40, everySeconds: 1, what: 'within a slice' };
const HOURLY = { runs: 48, everySeconds: 3_600, what: 'hourly, two days' };
const MINUTES = { runs: 96, everySeconds: 300, what: 'every 5 minutes, 8 hours' };

export const QUICK: Extent = {
  ...{ rounds: 2, untilSeconds: 18, burst: 800, steadySeconds: 0.6, idleSeconds: 0.5, loadRounds: 2 },
  embedded: [...settings('FULL', [3]), ...settings('NORMAL', [3])],
  rehearsalBurst: null,
  auditRecords: 50_000,
  unitRuns: [SLICE],
};
export const FULL: Extent = {
  ...{ rounds: 3, untilSeconds: 110, burst: 1_500, steadySeconds: 1.6, idleSeconds: 3, loadRounds: 5 },
  embedded: [...settings('FULL', [1, 2, 3]), ...settings('NORMAL', [1, 2, 3])],
  rehearsalBurst: 120,
  auditRecords: 1_000_000,
  unitRuns: [SLICE, HOURLY, MINUTES],
};

export async function measure(extent: Extent): Promise<Report> {
  const start = performance.now();
  const load = loadavg()[0] ?? 0;
  const functions = await measureFunctions(extent);
  const units = await measureUnits(extent);
  const audit = await measureAudit(extent.auditRecords);
  const { engines, disk, rounds } = await measureEngines(extent, start);
  return {
    machine: { node: process.version, cpu: cpus()[0]?.model.trim() ?? '', processors: cpus().length, load },
    ...{ rounds, engines, disk, units, functions, audit },
    seconds: sinceMs(start) / 1000,
  };
}

const sinceMs = (start: number): number => performance.now() - start;

async function measureFunctions({ loadRounds }: Extent): Promise<FunctionResult[]> {
  if (!isFresh()) await bundle();
  const loads = await moduleLoads(loadRounds);
  return loads.map(({ name, extraMs, ratio, loadedBytes }) => {
    return { name, loadMs: extraMs, ratio, loadedKib: loadedBytes / 1024 };
  });
}

async function measureUnits({ unitRuns }: Extent): Promise<readonly UnitRow[] | Skipped> {
  if (unitsMissing) return { skipped: unitsMissing };
  const bench = await openUnitBench();
  try {
    const rows: UnitRow[] = [];
    for (const kind of KINDS) await bench.measure(kind, { runs: WARM_RUNS, everySeconds: 1 });
    for (const { what, ...pace } of unitRuns) {
      for (const kind of KINDS) rows.push({ ...(await bench.measure(kind, pace)), what: `${what}, ${WORDS[kind]}` });
    }
    return rows;
  } finally {
    await bench.close();
  }
}

const WORDS: Record<Kind, string> = { unpaid: 'no paid call', paid: 'one paid call' };

type Entry = { readonly subject: Subject; readonly burst: number; readonly taken: Taken[] };
type Taken = { readonly kind: Kind | null; readonly what: string; readonly value: number };

async function measureEngines(extent: Extent, start: number): Promise<Pick<Report, 'engines' | 'disk' | 'rounds'>> {
  const disk: Record<Synchronous, number[]> = { FULL: [], NORMAL: [] };
  const entries: Entry[] = [];
  try {
    const { missing } = await openSubjects(extent, (subject, burst) => entries.push({ subject, burst, taken: [] }));
    // Compiled, connected, and past the smallest slices.
    for (const { subject, burst } of entries) for (const kind of KINDS) await subject.burst(kind, burst);
    let rounds = 0;
    for (
      let took = 0;
      rounds < extent.rounds && (rounds === 0 || sinceMs(start) + took < extent.untilSeconds * 1000);
    ) {
      const begun = performance.now();
      for (const synchronous of ['FULL', 'NORMAL'] as const) {
        disk[synchronous].push(commitsPerSecond(synchronous, 200));
      }
      for (const entry of entries) await oneRound(entry, extent);
      took = sinceMs(begun);
      rounds++;
    }
    const idle = await Promise.all(entries.map(({ subject }) => subject.idle(extent.idleSeconds)));
    const engines = entries.map(({ subject, taken }, at) => resultOf(subject, taken, idle[at] ?? null));
    return { engines: [...engines, ...missing], disk: diskResult(disk), rounds };
  } finally {
    for (const { subject } of entries) await subject.stop();
  }
}

/** One after another: what starts at the same time measures the other's start. */
async function openSubjects(
  { burst, embedded, rehearsalBurst }: Extent,
  add: (subject: Subject, burst: number) => void,
): Promise<{ readonly missing: readonly (Skipped & { readonly name: string })[] }> {
  add(await memorySubject(FLEET), burst);
  for (const setting of embedded) add(await engineSubject({ engine: 'embedded', size: FLEET, ...setting }), burst);
  const skipped = rehearsalBurst === null ? 'only without --quick' : missingStandIns();
  if (rehearsalBurst === null || skipped) return { missing: [{ name: 'rehearsal', skipped: skipped ?? '' }] };
  add(await engineSubject({ engine: 'rehearsal', size: SMALL_FLEET }), rehearsalBurst);
  return { missing: [] };
}

async function oneRound({ subject, burst: count, taken }: Entry, { steadySeconds }: Extent): Promise<void> {
  for (const kind of KINDS) {
    const burst = await subject.burst(kind, count);
    check(subject, burst);
    taken.push({ kind, what: 'runsPerSecond', value: burst.runsPerSecond });
    taken.push({ kind, what: 'cpuMsPerRun', value: burst.cpuMsPerRun });
  }
  const steady = await subject.steady('unpaid', { perSecond: 50, seconds: steadySeconds });
  check(subject, steady);
  taken.push({ kind: null, what: 'p50Ms', value: steady.p50Ms });
  taken.push({ kind: null, what: 'p99Ms', value: steady.p99Ms });
}

/** A number from an engine that loses or doubles runs would be worth nothing. */
function check({ name }: Subject, { sent, recorded, strange }: { sent: number; recorded: number; strange: number }) {
  if (recorded !== sent || strange > 0) {
    throw new Error(`${name}: sent ${sent}, recorded ${recorded}, and ${strange} records that nobody waited for`);
  }
}

function resultOf({ name, ready }: Subject, taken: readonly Taken[], idle: Idle | null): EngineResult {
  const of = (what: string, kind: Kind | null): number =>
    median(taken.filter((one) => one.what === what && one.kind === kind).map(({ value }) => value));
  const byKind = (what: string): Record<Kind, number> => ({ unpaid: of(what, 'unpaid'), paid: of(what, 'paid') });
  return {
    ...{ name, runsPerSecond: byKind('runsPerSecond'), cpuMsPerRun: byKind('cpuMsPerRun') },
    ...{ p50Ms: of('p50Ms', null), p99Ms: of('p99Ms', null) },
    ...{ startMs: ready?.startMs ?? null, idle },
  };
}

const diskResult = ({ FULL, NORMAL }: Record<Synchronous, readonly number[]>): DiskResult => ({
  fullCommitsPerSecond: median(FULL),
  normalCommitsPerSecond: median(NORMAL),
});
