/** The engine's side of child-warden.ts: tells it which children there are, and keeps one alive. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

export class Warden {
  readonly #pids = new Set<number>();
  #fork: ChildProcess | null = null;

  born(pid: number | undefined): void {
    if (pid === undefined) return;
    this.#pids.add(pid);
    if (this.#fork?.connected) this.#tell('born', pid);
    else this.#start();
  }

  gone(pid: number | undefined): void {
    if (pid !== undefined && this.#pids.delete(pid)) this.#tell('gone', pid);
  }

  close(): void {
    this.#fork?.kill('SIGKILL');
    this.#fork = null;
  }

  #tell(change: 'born' | 'gone', pid: number): void {
    if (this.#fork?.connected) this.#fork.send([change, pid], undefined, undefined, () => {});
  }

  #start(): void {
    this.#fork = fork(join(import.meta.dirname, 'child-warden.ts'), [], {
      execPath: process.execPath,
      execArgv: ['--max-old-space-size=16'],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#fork.on('error', () => {});
    this.#fork.unref();
    this.#fork.channel?.unref();
    for (const pid of this.#pids) this.#tell('born', pid);
  }
}
