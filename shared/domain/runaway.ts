/**
 * Whether an agent runs away although its runs succeed: paying for the same thing again and again, bringing about
 * nothing, spending far above its own measure, or woken more often than declared. Pure. First it is slowed down, and
 * when that shows it goes on, it is to be paused and a person asked.
 */
import type { Instance, RunawayKind, Slowed } from './instance.ts';
import { formatUsd } from './money.ts';
import type { DecisionPolicy } from './policy.ts';
import { type Prints, type RunRecord, tickMs } from './run.ts';

export type RunawayPolicy = Pick<
  DecisionPolicy,
  'runawayInputRuns' | 'runawayOutcomeRuns' | 'runawaySpendFactor' | 'runawayPaceFactor' | 'runawayMinMicros'
>;

export type RunawayFacts = {
  readonly instance: Pick<Instance, 'number' | 'recent' | 'total' | 'slowed'>;
  /** The last runs, the newest last: at least as many as the rules look at. */
  readonly records: readonly RunRecord[];
  /** Between two ticks of the declared schedule; null where none repeats. */
  readonly shortestGapSeconds: number | null;
  /** Since when the agent is what it is: older runs say nothing about it. */
  readonly since: number;
};

export type Runaway = {
  readonly kind: RunawayKind;
  readonly step: 'slow' | 'pause';
  readonly runs: number;
  readonly costMicros: number;
  readonly why: string;
};

/** The longest row that is judged, 63 runs, the last 21 of them at every second tick. */
export const RUNAWAY_RECORDS = 100;
/** A pause needs half as many again as slowing down did. */
const pauseAt = (runs: number): number => Math.ceil((runs * 3) / 2);
/** So many dear runs in a row are no accident. */
const SPEND_RUNS = 4;
/** An agent knows its measure after so many runs. */
const MEASURE_RUNS = 20;
/** So many ticks in a row, and the clock of the change of schedule may be behind by so much. */
const PACE_TICKS = 6;
const SETTLING_MS = 10 * 60_000;

/** The worst that is found; null when it runs as it should. */
export function runawayOf(facts: RunawayFacts, policy: RunawayPolicy): Runaway | null {
  const found = [
    same(facts, policy, 'input'),
    same(facts, policy, 'outcome'),
    dear(facts, policy),
    fast(facts, policy),
  ];
  const real = found.filter((one) => one !== null);
  return real.find(({ step }) => step === 'pause') ?? real[0] ?? null;
}

/** Whether it is worth reading more than the instance itself: what the journal alone can say. */
export function seemsRunaway({ instance, journal, ...facts }: Suspect, policy: RunawayPolicy): boolean {
  if (instance.slowed || fast({ ...facts, instance, records: [] }, policy)) return true;
  const paid = journal.filter(({ prints }) => prints);
  const repeats = (side: keyof Prints): boolean =>
    rowOf(journal, side).length >= 2 && rowOf(journal, side).length === paid.length;
  const mean = instance.total.runs > MEASURE_RUNS ? instance.total.costMicros / instance.total.runs : null;
  const spends =
    mean !== null && policy.runawaySpendFactor > 0 && journal.some(({ costMicros }) => costMicros > 2 * mean);
  return spends || repeats('input') || repeats('outcome');
}

export type Suspect = Omit<RunawayFacts, 'records'> & { readonly journal: readonly RunRecord[] };

const sum = (records: readonly RunRecord[], pick: (record: RunRecord) => number): number =>
  records.reduce((total, record) => total + pick(record), 0);
const costOf = (records: readonly RunRecord[]): number => sum(records, ({ costMicros }) => costMicros);

/** The last paid runs that are alike on one side and earned nothing, the newest first. Others are passed over. */
function rowOf(records: readonly RunRecord[], side: keyof Prints): RunRecord[] {
  const row: RunRecord[] = [];
  for (const record of records.toReversed()) {
    if (!record.prints || record.outcome === 'crashed' || record.outcome === 'timed_out') continue;
    const print = record.prints[side];
    if (print === '' || record.earnedMicros > 0) break;
    if (row[0] && row[0].prints?.[side] !== print) break;
    row.push(record);
  }
  return row;
}

function same({ records, since }: RunawayFacts, policy: RunawayPolicy, side: 'input' | 'outcome'): Runaway | null {
  const limit = side === 'input' ? policy.runawayInputRuns : policy.runawayOutcomeRuns;
  const row = rowOf(
    records.filter(({ startedAt }) => startedAt >= since),
    side,
  );
  const costMicros = costOf(row);
  if (limit === 0 || row.length < limit || costMicros < policy.runawayMinMicros) return null;
  const step = row.length >= pauseAt(limit) ? 'pause' : 'slow';
  return { kind: side, step, ...told(side, row.length, costMicros) };
}

/** Runs far above the mean of all before them, several in a row, that did not bring in what they cost. */
function dear({ instance: { total }, records, since }: RunawayFacts, policy: RunawayPolicy): Runaway | null {
  const ran = records.filter(({ outcome }) => outcome !== 'refused' && outcome !== 'cancelled');
  const last = ran.slice(-pauseAt(SPEND_RUNS));
  const before = total.runs - last.length;
  if (policy.runawaySpendFactor === 0 || before < MEASURE_RUNS) return null;
  const mean = Math.max(1, Math.round((total.costMicros - costOf(last)) / before));
  const row: RunRecord[] = [];
  for (const record of last.toReversed()) {
    if (record.startedAt < since || record.costMicros < mean * policy.runawaySpendFactor) break;
    row.push(record);
  }
  const costMicros = costOf(row);
  const excess = costMicros - mean * row.length;
  if (row.length < SPEND_RUNS || excess < policy.runawayMinMicros) return null;
  if (sum(row, ({ earnedMicros }) => earnedMicros) >= costMicros) return null;
  const step = row.length >= pauseAt(SPEND_RUNS) ? 'pause' : 'slow';
  const times = Math.floor(costMicros / (mean * row.length));
  return {
    kind: 'spend',
    step,
    ...told('spend', row.length, costMicros),
    why: `${row.length} runs in a row cost ${formatUsd(costMicros)}, ${times} times the ${formatUsd(mean)} that one of its runs cost before`,
  };
}

/** Ticks that lie closer together than the schedule allows: somebody else wakes it too. */
function fast({ instance, records, shortestGapSeconds, since }: RunawayFacts, policy: RunawayPolicy): Runaway | null {
  const ticks = instance.recent.map(tickMs).filter((tick) => tick >= since + SETTLING_MS);
  const [first = 0] = ticks;
  const span = (ticks.at(-1) ?? 0) - first;
  if (policy.runawayPaceFactor === 0 || ticks.length < PACE_TICKS) return null;
  const gapMs = (shortestGapSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  if (span * policy.runawayPaceFactor > gapMs * (ticks.length - 1)) return null;
  const slowedFor =
    instance.slowed?.kind === 'pace'
      ? records.filter(({ startedAt }) => startedAt > (instance.slowed?.since ?? 0))
      : [];
  const step = slowedFor.length >= PACE_TICKS ? 'pause' : 'slow';
  const seconds = Math.round(span / 1000 / (ticks.length - 1));
  const declared =
    shortestGapSeconds === null ? 'it has no schedule that repeats' : `its schedule says every ${shortestGapSeconds} s`;
  return {
    kind: 'pace',
    step,
    ...told('pace', ticks.length, 0),
    why: `its last ${ticks.length} ticks came every ${seconds} s; ${declared}`,
  };
}

/** What health and mails say, from the numbers that are kept. */
export function saidOf({ kind, runs, costMicros }: Pick<Slowed, 'kind' | 'runs' | 'costMicros'>): string {
  const cost = formatUsd(costMicros);
  if (kind === 'input') return `${runs} paid runs in a row were given the same and earned nothing, for ${cost}`;
  if (kind === 'outcome') return `${runs} paid runs in a row ended the same and earned nothing, for ${cost}`;
  if (kind === 'spend') return `${runs} runs in a row cost ${cost}, far above its own measure`;
  return `its last ${runs} ticks came faster than its schedule says`;
}

const told = (kind: RunawayKind, runs: number, costMicros: number) => ({
  runs,
  costMicros,
  why: saidOf({ kind, runs, costMicros }),
});
