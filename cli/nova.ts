#!/usr/bin/env node
/** The door: checks the Node that runs it, gathers what the machine says, and sets the exit code. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';

const major = Number(process.versions.node.split('.')[0]);
process.exitCode = major >= 24 ? await run() : withNewerNode();
// 130: interrupted. What was under way must not keep the process; else it ends when its output is written.
if (process.exitCode === 130) process.exit();

/** Node 22 can read this file and no more; older ones say so themselves. */
function withNewerNode(): number {
  const newer = join(import.meta.dirname, '../node_modules/.bin/node');
  if (!existsSync(newer)) {
    process.stderr.write(`nova: Node 24 or newer is needed; this is ${process.versions.node}\n`);
    return 1;
  }
  return spawnSync(newer, process.argv.slice(1), { stdio: 'inherit' }).status ?? 1;
}

async function run(): Promise<number> {
  // The second command starts in half the time; where nothing can be written, it does not.
  enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/nova'));
  const [{ main, INTERRUPTED }, { novaHome, wantsNoColor }, { realTerminal }, { openReach }] = await Promise.all([
    import('./main.ts'),
    import('../shared/runtime/env.ts'),
    import('./terminal.ts'),
    import('./worlds.ts'),
  ]);
  const isEngine = process.argv[2] === 'start';
  const interrupt = new AbortController();
  let first = 0;
  const stop = (): void => {
    // The second one does not wait for anything. One key press may come twice, from the terminal and through npm.
    if (interrupt.signal.aborted && performance.now() - first > 1000) process.exit(INTERRUPTED);
    first ||= performance.now();
    interrupt.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  // `nova run list | head` closes the pipe early: that is no error. An engine whose terminal is gone ends its runs first.
  const gone = (thrown: NodeJS.ErrnoException): void => {
    if (isEngine) interrupt.abort();
    else process.exit(thrown.code === 'EPIPE' ? 0 : 1);
  };
  process.stdout.on('error', gone);
  process.stderr.on('error', gone);
  return main(process.argv.slice(2), {
    actor: `cli:${userName()}`,
    terminal: realTerminal({ noColor: wantsNoColor() }),
    interrupted: interrupt.signal,
    homeOf: (option) => resolve(option ?? novaHome()),
    open: openReach,
  });
}

/** The audit trail wants a name; a container may have none. */
function userName(): string {
  try {
    return (
      userInfo()
        .username.replace(/[^A-Za-z0-9._@-]/g, '_')
        .slice(0, 64) || 'unknown'
    );
  } catch {
    return 'unknown';
  }
}
