import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { toolPath } from '../../shared/runtime/env.ts';
import { type Here, hereCommand } from '../command.ts';
import { findEngine } from '../local-engine.ts';
import { blocks } from '../render/details.ts';
import { paintState, wrap } from '../render/style.ts';
import { plural } from '../render/words.ts';
import type { EvaluationView } from '../views/rules.ts';
import { type OpenReach, openReach } from '../worlds.ts';

type Check = {
  readonly id: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** What to do about it; empty when nothing is to be done. */
  readonly fix: string;
};

const ROOT = join(import.meta.dirname, '../..');
const OLDEST_NODE = 24;
/** An engine that is well answers within a few hundred milliseconds, also under load. */
const PATIENCE_MS = 5_000;

export const command = hereCommand({
  noun: '',
  verb: 'doctor',
  summary: 'whether everything is there that NovaOS needs, and what to do if not',
  args: {},
  options: {},
  examples: ['nova doctor', 'nova doctor --json', 'nova doctor --stage prod'],
  async run(_input, here) {
    const machine = here.stage === null ? [checkDirectory(here), checkLog(here), checkRehearsal()] : [];
    const checks = [checkNode(), checkPackages(), ...machine, ...(await checkWorld(here))];
    return { id: 'doctor', healthy: checks.every(({ status }) => status !== 'failed'), checks };
  },
  render: ({ checks }, style) => {
    const lines = checks.map(({ id, status, message, fix }) => {
      const indent = ' '.repeat(20);
      const said = wrap(fix ? `${message} → ${fix}` : message, style.columns, indent);
      return `${paintState(style, status, status.padEnd(8))} ${id.padEnd(11)}${said}`;
    });
    const failed = checks.filter(({ status }) => status === 'failed').length;
    return blocks(
      lines.join('\n'),
      failed === 0 ? 'nothing stands in the way' : `${plural(failed, 'thing')} to put right`,
    );
  },
  exit: ({ healthy }) => (healthy ? 0 : 1),
});

const ok = (id: string, message: string): Check => ({ id, status: 'ok', message, fix: '' });
const failed = (id: string, message: string, fix: string): Check => ({ id, status: 'failed', message, fix });
const warning = (id: string, message: string, fix: string): Check => ({ id, status: 'warning', message, fix });

function checkNode(): Check {
  const { node } = process.versions;
  const old = Number(node.split('.')[0]) < OLDEST_NODE;
  return old
    ? failed('node', `Node ${node}`, `Node ${OLDEST_NODE} or newer is needed: npm ci`)
    : ok('node', `Node ${node}`);
}

function checkPackages(): Check {
  const installed = existsSync(join(ROOT, 'node_modules/.package-lock.json'));
  return installed ? ok('packages', 'installed') : failed('packages', 'not installed, or not to the end', 'npm ci');
}

function checkDirectory({ home }: Here): Check {
  const engine = findEngine(home);
  if (engine) return ok('engine', `${engine.engine}, pid ${engine.pid}, ${engine.url}`);
  return existsSync(home)
    ? ok('engine', `none runs on ${home}`)
    : warning('engine', `${home} is not there yet`, 'nova start makes it; NOVA_HOME or --home names another');
}

const LOG_TAIL_BYTES = 65_536;
const LATELY_MS = 3_600_000;

/** Only what went wrong in the last hour: the rest is history. */
function checkLog({ home }: Here): Check {
  const path = join(home, 'engine.log');
  const errors = tailOf(path).flatMap((line) => {
    try {
      const { at, level, message, error } = JSON.parse(line) as Record<string, unknown>;
      const recent = (level === 'error' || level === 'warn') && Date.now() - Date.parse(String(at)) < LATELY_MS;
      return recent ? [[message, error].filter(Boolean).map(String).join(': ')] : [];
    } catch {
      return [];
    }
  });
  const last = errors.at(-1);
  return last === undefined
    ? ok('log', 'nothing went wrong in the last hour')
    : warning('log', `${plural(errors.length, 'trouble')} in the last hour; the last: ${last}`, path);
}

function tailOf(path: string): string[] {
  try {
    const { size } = statSync(path);
    const bytes = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
    const file = openSync(path, 'r');
    try {
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
    } finally {
      closeSync(file);
    }
    return bytes.toString('utf8').split('\n');
  } catch {
    return [];
  }
}

/** Only the rehearsal needs them; everything else runs without. */
function checkRehearsal(): Check {
  const platform = `${process.platform}-${process.arch}`;
  const missing = [
    toolPath('DYNOXIDE_BIN') || existsSync(join(ROOT, `node_modules/@dynoxide/${platform}`))
      ? ''
      : 'a local DynamoDB (dynoxide)',
    existsSync(join(ROOT, 'node_modules/fauxqs')) ? '' : 'a local SQS (fauxqs)',
  ].filter(Boolean);
  return missing.length === 0
    ? ok('rehearsal', 'its local DynamoDB and SQS are there')
    : warning('rehearsal', `not on ${platform}: ${missing.join(', ')}`, 'the embedded engine needs neither');
}

/** Opens what commands would open: the engine, the data directory (if it is there) or the stage. */
async function checkWorld(here: Here): Promise<Check[]> {
  if (here.stage === null && !existsSync(here.home)) return [];
  const id = here.stage === null ? 'data' : 'stage';
  try {
    const interrupted = AbortSignal.any([here.interrupted, AbortSignal.timeout(PATIENCE_MS)]);
    const reach = await openReach({ ...here, interrupted });
    try {
      const judge = await checkPolicy(reach);
      const { command: queues } = await import('./queue/list.ts');
      const depths = (await reach.ask(queues, {})) as readonly { id: string; dead: number }[];
      const dead = depths.filter((queue) => queue.dead > 0).map((queue) => `${queue.id} ${queue.dead}`);
      const letters =
        dead.length === 0 ? [] : [warning('queues', `dead letters: ${dead.join(', ')}`, 'nova queue list')];
      return [ok(id, here.stage ?? here.home), judge, ...letters];
    } finally {
      await reach.close();
    }
  } catch (thrown) {
    return [
      failed(id, messageOf(thrown), here.stage === null ? fixOf(thrown, here) : 'check AWS_PROFILE and AWS_REGION'),
    ];
  }
}

/** Rules that cannot be asked stop every new decision, and look like nothing else. */
async function checkPolicy(reach: OpenReach): Promise<Check> {
  const { command: evaluate } = await import('./policy/eval.ts');
  const said = (await reach.ask(evaluate, { action: 'status', attributes: {} })) as EvaluationView;
  if (said.trouble) {
    return failed(
      'policy',
      said.reasons.join('; '),
      'nothing new is decided until it answers: OPA_URL, nova policy show',
    );
  }
  const by = said.rules === 'server' ? 'by an OPA server' : `by rules ${said.rules.slice(0, 12)}`;
  return ok('policy', `version ${said.version}, judged ${by}`);
}

/** What helps on this machine; nothing of it loses a run or a cent. */
function fixOf(thrown: unknown, { home }: Here): string {
  const pid = findEngine(home)?.pid;
  const code = thrown instanceof NovaError ? thrown.code : 'broken';
  if (code === 'denied') return 'an admin gives you a role: nova operator role';
  if (code === 'corrupt') return 'put the file back from a backup; another --home starts afresh';
  if (code === 'misconfigured') return 'correct it, or another --home starts afresh';
  if (pid === undefined || code !== 'unavailable') return 'another --home starts afresh';
  return `if it was suspended: kill -CONT ${pid}; else kill -9 ${pid} and nova start, which goes on from there`;
}
