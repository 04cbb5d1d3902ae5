/** The bundles that CDK ships, brought up to date and copied into the data directory: the very bytes, and nothing else near. */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { messageOf, NovaError } from '../../../shared/domain/error.ts';
import { FAMILY_NAMES } from '../../../shared/domain/task.ts';
import { childEnv } from '../../../shared/runtime/env.ts';
import { functions } from '../../topology.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MADE = join(ROOT, 'dist/functions');
const CONTAINERS = join(ROOT, 'dist/containers');
/** Written last. */
const STAMP = join(ROOT, 'dist/bundles.json');
const TRIES = 20;

/** Of a function; its first one is called handler.mjs, that of an image main.mjs. */
export type BundleOf = (name: string) => string;

/**
 * A build that goes on elsewhere cannot take a running function's files away: each rehearsal has its own copy.
 * @throws NovaError misconfigured when the sources cannot be bundled.
 */
export async function copyBundles(folder: string): Promise<BundleOf> {
  await bundleIfStale();
  for (let attempt = 1; !copied(folder); attempt++) {
    if (attempt === TRIES) throw new NovaError('unavailable', `${MADE} changes all the time: is a build running?`);
    await sleep(100);
  }
  return (name) => join(folder, name, FAMILY_NAMES.includes(name) ? 'main.mjs' : 'handler.mjs');
}

/** A process of its own: the bundler belongs to the CDK side, and is done before the first function starts. */
async function bundleIfStale(): Promise<void> {
  const args = [join(ROOT, 'infra/aws/bundle.ts'), '--if-stale'];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env: childEnv() }).catch((cause: unknown) => {
    const said = (cause as { stderr?: string }).stderr?.trim() || messageOf(cause);
    throw new NovaError('misconfigured', `the functions cannot be bundled: ${said.slice(0, 2_000)}`, { cause });
  });
}

/** Whether all were copied while nobody wrote there. */
function copied(folder: string): boolean {
  const before = stamp();
  rmSync(folder, { recursive: true, force: true });
  try {
    for (const { name } of functions) bringOver(join(MADE, name), join(folder, name));
    for (const name of FAMILY_NAMES) bringOver(join(CONTAINERS, name), join(folder, name));
  } catch {
    return false;
  }
  const whole = functions.every(({ name }) => existsSync(join(folder, name, 'handler.mjs')));
  return whole && before !== null && before === stamp();
}

/** A bundler writes new files and never into old ones, so another name for the same file is as good as a copy. */
function bringOver(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(from)) {
    try {
      linkSync(join(from, name), join(to, name));
    } catch {
      // The data directory is on another disk.
      copyFileSync(join(from, name), join(to, name));
    }
  }
}

const stamp = (): number | null => statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? null;
