/** One child process that is treated like a container: own process group, SIGTERM first, nothing of it survives. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';

export type ChildOrder = {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly outputFile: string | null;
};

/** `failure`: why it never started. */
export type ChildEnd = { readonly exitCode: number | null; readonly failure: string | null };

export type RunningChild = {
  /** null until it has started, and when it never did. */
  readonly pid: number | null;
  /** Never rejects: whether it worked shows in `pid`. */
  readonly started: Promise<void>;
  readonly exited: Promise<ChildEnd>;
  stop(graceMs: number): void;
};

const alive = new Set<ChildProcess>();
process.once('exit', () => alive.forEach(killGroup));

/**
 * The child gets an IPC channel that closes when this process dies, however it dies; see `guardedNode`.
 */
export function startChild({ command: [file, ...args], environment, outputFile }: ChildOrder): RunningChild {
  const output = outputFile === null ? 'ignore' : openSync(outputFile, 'a', 0o600);
  const child = spawn(file, args, {
    env: { ...environment },
    stdio: ['ignore', output, output, 'ipc'],
    // A group of its own: Ctrl-C in the terminal reaches the engine alone, and SIGKILL its grandchildren too.
    detached: true,
  });
  if (typeof output === 'number') closeSync(output);
  alive.add(child);
  const { promise: started, resolve: nowStarted } = Promise.withResolvers<void>();
  const { promise: exited, resolve: nowExited } = Promise.withResolvers<ChildEnd>();
  const end = (result: ChildEnd): void => {
    alive.delete(child);
    nowStarted();
    nowExited(result);
  };
  child.once('spawn', nowStarted);
  child.on('error', (error) => {
    if (child.pid === undefined) end({ exitCode: null, failure: error.message });
  });
  child.once('exit', (code, signal) => {
    // A container's end takes along whatever its first process has left behind.
    killGroup(child);
    end({ exitCode: code ?? (signal ? 128 + constants.signals[signal] : null), failure: null });
  });
  return {
    get pid() {
      return child.pid ?? null;
    },
    started,
    exited,
    stop: (graceMs) => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(child), graceMs);
      exited.finally(() => clearTimeout(timer));
    },
  };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone, or this platform has none.
    child.kill('SIGKILL');
  }
}

/** Node with a guard that ends it when the engine is gone, so that even `kill -9` of the engine leaves nobody behind. */
export function guardedNode(entry: string, ...args: readonly string[]): [string, ...string[]] {
  return [process.execPath, '--import', new URL('./task-guard.ts', import.meta.url).href, entry, ...args];
}
