/** An engine that is alive and says nothing: who waits for it hears what it waits for, and does not wait for ever. */
import { NovaError } from '../shared/domain/error.ts';
import type { Here } from './command.ts';
import { askEngine, type LocalEngine, NobodyThere } from './local-engine.ts';

/** A command that takes longer is looked after; most end within a few hundred milliseconds. */
const QUIET_MS = 2_000;
/** How often it is asked whether it still answers, and how long it may think about that. */
const ASK_EVERY_MS = 5_000;
/** The first question is a short one: then the person hears what is waited for. */
const FIRST_MS = 1_000;
/** Three questions in a row without an answer, beside the command itself: it is frozen. */
const SILENT = 3;

/**
 * The engine's answer, however long that takes, as long as the engine itself answers whether it is there. A small question
 * beside the command tells a long one from an engine that is frozen.
 * @throws NovaError unavailable when it does not answer for about 13 seconds; whatever `ask` throws.
 */
export async function answeredBy<T>(engine: LocalEngine, here: Here, ask: () => Promise<T>): Promise<T> {
  const watch = { over: false, timer: undefined as NodeJS.Timeout | undefined };
  const frozen = new Promise<never>((_, reject) => {
    const look = async (silent: number): Promise<void> => {
      if (watch.over) return;
      const quiet = await isSilent(engine, here, silent === 0 ? FIRST_MS : ASK_EVERY_MS);
      if (watch.over) return;
      if (!quiet) return again(0, ASK_EVERY_MS);
      if (silent + 1 >= SILENT) return reject(frozenError(engine));
      if (silent === 0) here.terminal.err(`nova: ${waiting(engine)}\n`);
      again(silent + 1, 0);
    };
    const again = (silent: number, ms: number): void => {
      watch.timer = setTimeout(() => void look(silent), ms);
    };
    again(0, QUIET_MS);
  });
  try {
    return await Promise.race([ask(), frozen]);
  } finally {
    watch.over = true;
    clearTimeout(watch.timer);
  }
}

async function isSilent(engine: LocalEngine, { actor }: Here, patienceMs: number): Promise<boolean> {
  const small = { command: ['queue', 'list'], input: {}, actor };
  const signal = AbortSignal.timeout(patienceMs);
  try {
    await askEngine(engine, small, signal);
    return false;
  } catch (thrown) {
    // A refusal is an answer, and an engine that has just ended is the command's own matter.
    return signal.aborted && !(thrown instanceof NobodyThere);
  }
}

const waiting = ({ pid, url }: LocalEngine): string =>
  `waiting for the engine (pid ${pid}, ${url}), which does not answer; Ctrl-C gives up, nova doctor looks at it`;

const frozenError = ({ pid, url }: LocalEngine): NovaError =>
  new NovaError(
    'unavailable',
    `the engine (pid ${pid}, ${url}) does not answer; what was asked may or may not have been done. It may be stopped (kill -CONT ${pid}) or frozen: kill ${pid}, then nova start`,
  );
