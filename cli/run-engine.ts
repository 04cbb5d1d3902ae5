/** `nova start`: an engine in the foreground, a summary of what it does, and a clean end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Here } from './command.ts';
import { answerControl } from './control.ts';
import { askEngine, findEngine } from './local-engine.ts';
import { type Live, liveSummary } from './render/live.ts';
import type { Snapshot } from './snapshot.ts';

export type StartInput = {
  readonly demo: boolean;
  readonly port: number | undefined;
  readonly engine: 'embedded' | 'rehearsal';
};

export type Stopped = {
  readonly id: 'engine';
  readonly status: 'stopped';
  readonly engine: string;
  readonly url: string;
  readonly ranMs: number;
};

const REDRAW_MS = 1000;
const DEMO_NOTE = 'Demo: 25 runs per agent, then decisions every 10 s. Ctrl-C stops.';
const NOTE = 'Ctrl-C stops; nova start goes on from there. Elsewhere: nova help.';

/** Returns when it was interrupted and everything has ended. @throws NovaError conflict: port or directory in use. */
export async function runEngine({ demo, port, engine }: StartInput, here: Here): Promise<Stopped> {
  const { startEngine } = await import('../infra/local/start.ts');
  const startedAt = Date.now();
  const { home, terminal, interrupted } = here;
  const running = await startEngine({
    home,
    demo,
    engine,
    control: answerControl,
    ...(port === undefined ? {} : { port }),
  });
  terminal.err(`nova: running at ${running.url} (data in ${home})\n`);
  try {
    const live = here.json ? null : liveSummary(terminal, demo ? DEMO_NOTE : NOTE);
    while (!interrupted.aborted) {
      await sleep(REDRAW_MS, undefined, { signal: interrupted }).catch(() => undefined);
      if (live && !interrupted.aborted) await draw(live, here);
    }
    terminal.err('nova: stopping, runs in progress may end…\n');
  } finally {
    await running.stop();
  }
  return { id: 'engine', status: 'stopped', engine, url: running.url, ranMs: Date.now() - startedAt };
}

/** The summary comes the way every command comes, so it shows what the others would see. */
async function draw(live: Live, { home, actor, interrupted }: Here): Promise<void> {
  const engine = findEngine(home);
  if (!engine) return;
  try {
    const asked = { command: ['', 'status'], input: {}, actor };
    live.show((await askEngine(engine, asked, interrupted)) as unknown as Snapshot);
  } catch {
    // One picture less: the next one comes in a second, and what is wrong is in the engine's log.
  }
}
