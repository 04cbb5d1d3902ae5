/** The engine as a test sees it from outside: a process that is started, asked, and killed without a word. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { askEngine, findEngine } from '../../cli/local-engine.ts';
import type { Json, JsonObject } from '../../shared/domain/agent.ts';
import type { EngineKind } from './engine-kinds.ts';

export class CrashEngine {
  readonly #kind: EngineKind;
  readonly #home: string;
  readonly #timeScale: number;
  #fork: ChildProcess | null = null;

  constructor(kind: EngineKind, home: string, timeScale: number) {
    this.#kind = kind;
    this.#home = home;
    this.#timeScale = timeScale;
  }

  /** Begins to start; `ready` resolves when it has announced itself, or false when it died before. */
  launch(): { readonly ready: Promise<boolean> } {
    const args = [this.#kind, this.#home, String(this.#timeScale)];
    const started = fork(join(import.meta.dirname, 'crash-main.ts'), args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#fork = started;
    const said = once(started, 'message').then(() => true);
    return { ready: Promise.race([said, once(started, 'exit').then(() => false)]) };
  }

  /** @throws whatever the command throws; unavailable or NobodyThere when the engine died meanwhile. */
  async ask(words: string, input: JsonObject = {}): Promise<Json> {
    const engine = findEngine(this.#home);
    if (!engine || engine.pid !== this.#fork?.pid) throw new Error('no engine is running');
    const [noun = '', verb = ''] = words.split(' ');
    return await askEngine(engine, { command: [noun, verb], input, actor: 'cli:tester' });
  }

  /** Where it answers. @throws Error when it is not running. */
  get url(): string {
    const engine = findEngine(this.#home);
    if (!engine) throw new Error('no engine is running');
    return engine.url;
  }

  /** False from the moment it is killed. */
  lives(): boolean {
    return this.#fork !== null;
  }

  async kill(): Promise<void> {
    const dying = this.#fork;
    this.#fork = null;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = once(dying, 'exit');
    dying.kill('SIGKILL');
    await gone;
  }

  /** Everything the engine has started, by what runs in it. */
  children(): readonly { readonly pid: number; readonly args: string }[] {
    const root = this.#fork?.pid;
    return root === undefined ? [] : descendants(root);
  }
}

function descendants(root: number): { pid: number; args: string }[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const all = lines.flatMap((line) => {
    const [, pid, ppid, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid ? [{ pid: Number(pid), ppid: Number(ppid), args }] : [];
  });
  const found = new Set([root]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { pid, ppid } of all) if (found.has(ppid)) found.add(pid);
  }
  return all.filter(({ pid }) => pid !== root && found.has(pid));
}

/** Ends one process that may have ended by itself. */
export function killProcess(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
