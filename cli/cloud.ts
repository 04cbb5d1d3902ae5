/** The CDK from the command line: its words go to standard error as they come, its exit code decides. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { NovaError } from '../shared/domain/error.ts';
import { cloudEnv } from '../shared/runtime/env.ts';
import { accountChecks, type CloudCheck, credentials } from './cloud-checks.ts';
import type { Here } from './command.ts';
import { paintState, type Style, wrap } from './render/style.ts';

const ROOT = join(import.meta.dirname, '..');

/** @throws NovaError bad_input without a stage. */
export function stageOf({ stage }: Pick<Here, 'stage'>): string {
  if (stage === null) throw new NovaError('bad_input', 'which stage? nova --stage prod cloud …');
  return stage;
}

/** @throws NovaError misconfigured with everything that stands in the way. */
export async function requireReady(here: Here): Promise<readonly CloudCheck[]> {
  const checks = await accountChecks(stageOf(here));
  const wrong = checks.filter(({ status }) => status === 'failed');
  if (wrong.length === 0) return checks;
  const said = wrong.map(({ message, fix }) => `${message} → ${fix}`).join('; ');
  throw new NovaError('misconfigured', `nothing was changed: ${said}`);
}

/** Before the CDK, which says it in more and other words. @throws NovaError misconfigured. */
export async function requireCaller(): Promise<void> {
  const { status, message, fix } = await credentials();
  if (status === 'failed') throw new NovaError('misconfigured', `${message} → ${fix}`);
}

/** `-c name=value` for the stage and each choice that was typed. */
export function contextWords(stage: string, typed: Readonly<Record<string, string | undefined>>): string[] {
  const given = Object.entries({ stage, ...typed }).filter(([, value]) => value !== undefined);
  return given.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * Runs the CDK that came with NovaOS. Everything it says goes to standard error, so that --json stays whole.
 * @throws NovaError unavailable with its exit code when it fails; conflict when it was interrupted.
 */
export async function runCdk(here: Here, words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/aws-cdk/bin/cdk'), ...words], {
    cwd: ROOT,
    env: cloudEnv(),
    stdio: ['inherit', 'pipe', 'pipe'],
  });
  const stop = (): void => void child.kill('SIGINT');
  here.interrupted.addEventListener('abort', stop, { once: true });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => here.terminal.err(String(chunk)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  here.interrupted.removeEventListener('abort', stop);
  if (code !== 0) throw new NovaError('unavailable', `cdk ${words[0]} ended with exit code ${code ?? 'by a signal'}`);
}

export function checkLines(checks: readonly CloudCheck[], style: Style): string {
  return checks
    .map(({ id, status, message, fix }) => {
      const indent = ' '.repeat(31);
      const said = wrap(fix ? `${message} → ${fix}` : message, style.columns, indent);
      return `${paintState(style, status, status.padEnd(8))} ${id.padEnd(22)}${said}`;
    })
    .join('\n');
}
