/**
 * Known weaknesses of the packages that run in production: node test/advisories.ts, a part of npm run check. Fails on a
 * high or critical one. Where the registry cannot be asked it says so and does not fail: a build must work offline.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

type Report = {
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> };
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string }>>;
};

const TIMEOUT_MS = 30_000;
const asked = spawnSync('npm', ['audit', '--omit=dev', '--json', '--audit'], {
  cwd: join(import.meta.dirname, '..'),
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
});
const report = reportOf(asked.stdout ?? '');
const counts = report?.metadata?.vulnerabilities;
if (!counts) {
  const said = /npm warn audit ([^\n]*)/.exec(asked.stderr ?? '')?.[1] ?? asked.error?.message ?? 'no answer';
  console.error(`SKIPPED: the registry could not be asked for known weaknesses of packages (${said})`);
} else {
  const grave = (counts.high ?? 0) + (counts.critical ?? 0);
  const names = Object.entries(report.vulnerabilities ?? {}).map(([name, { severity }]) => `${name} (${severity})`);
  console.error(names.length > 0 ? `known weaknesses: ${names.join(', ')}` : 'no known weakness in any package');
  process.exitCode = grave > 0 ? 1 : 0;
}

function reportOf(text: string): Report | null {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return null;
  }
}
