/**
 * A DynamoDB on this machine: dynoxide as a child process. It is started again when it dies, on the port that its
 * clients know; what a killed engine left running is ended before the next one opens the same file.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, NovaError } from '../../../shared/domain/error.ts';

export type LocalDynamoOptions = {
  readonly binary: string;
  /** Its database; in memory without one. */
  readonly dbPath?: string;
  /** Remembers the process, so that it is found after a `kill -9` of the engine. */
  readonly pidFile?: string;
  /** Hears of every process that was started and of every one that ended. */
  readonly watch?: { born(pid: number | undefined): void; gone(pid: number | undefined): void };
  readonly onTrouble?: (message: string) => void;
};

export type LocalDynamo = {
  readonly endpoint: string;
  /** Of the process that runs now. */
  pid(): number | undefined;
  stop(): Promise<void>;
};

const START_MS = 10_000;
const STOP_MS = 2_000;
/** Somebody else may take a free port before dynoxide does. */
const TRIES = 3;
const RESTART_MS = 500;

/** @throws NovaError unavailable when it does not come up. */
export async function startLocalDynamo(options: LocalDynamoOptions): Promise<LocalDynamo> {
  if (options.pidFile) await endLeftover(options.pidFile, options.binary);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return supervise(options, port, await launch(options, port));
    } catch (thrown) {
      if (attempt === TRIES) throw thrown;
    }
  }
}

function supervise(options: LocalDynamoOptions, port: number, first: ChildProcess): LocalDynamo {
  const state = { child: first, stopping: false };
  const watchOver = (child: ChildProcess): void => {
    state.child = child;
    child.once('exit', (code, signal) => {
      if (state.stopping) return;
      options.onTrouble?.(`the local DynamoDB ended (${signal ?? code}); it is started again`);
      void again();
    });
  };
  const again = async (): Promise<void> => {
    while (!state.stopping) {
      try {
        const child = await launch(options, port);
        if (state.stopping) return void child.kill('SIGKILL');
        return watchOver(child);
      } catch (thrown) {
        options.onTrouble?.(messageOf(thrown));
        await sleep(RESTART_MS);
      }
    }
  };
  watchOver(first);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    pid: () => state.child.pid,
    async stop() {
      state.stopping = true;
      await end(state.child);
      if (options.pidFile) rmSync(options.pidFile, { force: true });
    },
  };
}

/** Resolves when it listens, which it says on stderr. */
function launch({ binary, dbPath, pidFile, watch }: LocalDynamoOptions, port: number): Promise<ChildProcess> {
  const args = ['--host', '127.0.0.1', '--port', String(port), ...(dbPath ? ['--db-path', dbPath] : [])];
  // A group of its own: Ctrl-C in the terminal is the engine's to answer.
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'], env: {}, detached: true });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  watch?.born(child.pid);
  if (pidFile && child.pid !== undefined) writeFileSync(pidFile, `${child.pid}\n`, { mode: 0o600 });
  child.once('exit', () => {
    process.removeListener('exit', kill);
    watch?.gone(child.pid);
  });
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string): void => {
      clearTimeout(timer);
      kill();
      reject(new NovaError('unavailable', `the local DynamoDB did not start: ${why}`));
    };
    const timer = setTimeout(() => fail(`silent for ${START_MS} ms`), START_MS);
    child.once('error', (cause) => fail(cause.message));
    child.once('exit', (code, signal) => fail(said.trim() || `it ended (${signal ?? code})`));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-2_000);
      if (!said.includes('listening on')) return;
      clearTimeout(timer);
      resolve(child);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}

/** Whoever calls holds the lock of the data directory, so the process that is named here has lost its engine. */
async function endLeftover(pidFile: string, binary: string): Promise<void> {
  const pid = Number(readOr(pidFile, ''));
  // The number may by now belong to somebody else's process.
  while (Number.isSafeInteger(pid) && pid > 1 && commandOf(pid).includes(binary)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
    await sleep(10);
  }
  rmSync(pidFile, { force: true });
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

/** Empty for a process that is not there, and for one that has ended and only waits to be counted. */
function commandOf(pid: number): string {
  if (process.platform === 'linux') return readOr(`/proc/${pid}/cmdline`, '').replaceAll('\0', ' ');
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new NovaError('unavailable', 'there is no free port');
  return address.port;
}
