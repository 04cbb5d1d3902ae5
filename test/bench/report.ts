/** What a benchmark found, and how it is shown. */
import type { AuditResult } from './audit.ts';
import type { Kind } from './fleet.ts';
import type { Idle } from './subject.ts';
import type { UnitRow } from './units.ts';

export type Skipped = { readonly skipped: string };
export type EngineResult = {
  readonly name: string;
  readonly runsPerSecond: Readonly<Record<Kind, number>>;
  /** Engine and children together. */
  readonly cpuMsPerRun: Readonly<Record<Kind, number>>;
  /** From the call of send to the durable record, at 50 runs a second without a paid call. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly startMs: number | null;
  readonly idle: Idle | null;
};
export type DiskResult = { readonly fullCommitsPerSecond: number; readonly normalCommitsPerSecond: number };
export type FunctionResult = {
  readonly name: string;
  /** All files that one start reads. */
  readonly loadedKib: number;
  /** Over a bare node. */
  readonly loadMs: number;
  /** Against the default bundle of a DynamoDB client. */
  readonly ratio: number;
};

export type Report = {
  readonly machine: {
    readonly node: string;
    readonly cpu: string;
    readonly processors: number;
    /** Of the last minute before. */
    readonly load: number;
  };
  readonly rounds: number;
  readonly seconds: number;
  readonly engines: readonly (EngineResult | (Skipped & { readonly name: string }))[];
  readonly disk: DiskResult;
  /** Per run. */
  readonly units: readonly UnitRow[] | Skipped;
  readonly functions: readonly FunctionResult[];
  readonly audit: AuditResult;
};

const auditLine = ({ records, megabytes, proveMs, proveCpuMs, scriptMs }: AuditResult): string =>
  `${records} audit records (${fixed(megabytes)} MB) proved in ${fixed(proveMs / 1000, 1)} s (${fixed(proveCpuMs / 1000, 1)} s of processor time), by the independent script in ${fixed(scriptMs / 1000, 1)} s`;

/** The report as text. */
export function reportText(report: Report): string {
  const { machine, rounds, seconds, disk } = report;
  const { fullCommitsPerSecond: full, normalCommitsPerSecond: normal } = disk;
  return [
    `${machine.processors} × ${machine.cpu}, Node ${machine.node}, load ${fixed(machine.load, 1)} at the start; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
    `one row per commit in SQLite on this disk: FULL ${fixed(full)}/s, NORMAL ${fixed(normal)}/s`,
    '',
    ...table(ENGINE_HEAD, report.engines.map(engineRow)),
    '',
    ...unitLines(report.units),
    '',
    auditLine(report.audit),
    '',
    ...table(
      ['function', 'KiB read', 'load ms', '× default client'],
      report.functions.map(({ name, loadedKib, loadMs, ratio }) => [
        name,
        fixed(loadedKib),
        fixed(loadMs),
        fixed(ratio, 2),
      ]),
    ),
    '',
    `${fixed(seconds)} s`,
  ].join('\n');
}

const ENGINE_HEAD = [
  ...['engine', 'runs/s', 'runs/s paid', 'cpu ms/run', 'paid', 'p50 ms', 'p99 ms', 'start ms'],
  ...['RSS MB', 'all MB', 'idle cpu %'],
];

function engineRow(result: Report['engines'][number]): string[] {
  if ('skipped' in result) return [result.name, `skipped: ${result.skipped}`];
  const { name, runsPerSecond, cpuMsPerRun, p50Ms, p99Ms, startMs, idle } = result;
  return [
    ...[name, fixed(runsPerSecond.unpaid), fixed(runsPerSecond.paid)],
    ...[fixed(cpuMsPerRun.unpaid, 2), fixed(cpuMsPerRun.paid, 2), fixed(p50Ms, 1), fixed(p99Ms, 1)],
    ...[fixed(startMs), fixed(idle?.engineMb), fixed(idle?.allMb), fixed(idle?.cpuPercent, 1)],
  ];
}

function unitLines(units: Report['units']): string[] {
  if ('skipped' in units) return [`DynamoDB units skipped: ${units.skipped}`];
  return table(
    ['DynamoDB, per run', 'write units', 'read units', 'transactions'],
    units.map(({ what, writeUnits, readUnits, transactions }) => [
      what,
      ...[writeUnits, readUnits, transactions].map((value) => fixed(value, 2)),
    ]),
  );
}

const fixed = (value: number | null | undefined, digits = 0): string =>
  typeof value === 'number' && Number.isFinite(value) ? value.toFixed(digits) : '–';

/** The first column to the left, numbers to the right; a row that is shorter is words. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const full = [head, ...rows].filter(({ length }) => length === head.length);
  const widths = head.map((_, column) => Math.max(...full.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => {
    const [first = '', ...rest] = row;
    const name = first.padEnd(widths[0] ?? 0);
    const whole = row.length === head.length;
    return [name, ...rest.map((cell, at) => (whole ? cell.padStart(widths[at + 1] ?? 0) : cell))].join('  ').trimEnd();
  };
  return [head, ...rows].map(line);
}
