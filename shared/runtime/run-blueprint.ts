/** Runs a blueprint once: the same rules in process, in a child and in a container. */
import { loadBlueprint } from '../blueprints/registry.ts';
import type { RunAnswer, RunContext } from '../domain/ctx.ts';
import { messageOf, NovaError } from '../domain/error.ts';
import { noteOf } from '../domain/run.ts';
import type { Interruption, RunCalls, RunOrder, RunResult } from '../ports/host.ts';
import type { Time } from '../ports/time.ts';
import { type OpenRun, openRun } from './run-context.ts';

/** setTimeout takes no more: a longer wait would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Never rejects. Answers nothing or `ok: true` → succeeded; `ok: false` → failed; budget_reached → failed, with that
 * note, state kept; any other throw, or a paid call above its bound → crashed; not done by the deadline → timed_out.
 * When it resolves no call of the run is under way and none will be made.
 */
export async function runBlueprint(
  order: RunOrder,
  calls: RunCalls,
  { time, interruption }: { readonly time: Time; readonly interruption?: Interruption | undefined },
): Promise<RunResult> {
  const run = openRun(order, calls, time);
  const asked = askedToStop(run, interruption);
  const ended = Promise.race([judge(order, run.ctx), asked.over]);
  const verdict = await byDeadline(ended, order.deadline - time.now()).finally(asked.forget);
  await run.close();
  const late = verdict === null || time.now() > order.deadline;
  if (late) return timedOut(order);
  const fault = run.fault();
  if (fault !== null) return crashed(fault);
  if (run.stopped() && verdict.outcome === 'crashed') return INTERRUPTED;
  const kept = verdict.outcome === 'succeeded' || verdict.outcome === 'failed' ? run.state.changed() : undefined;
  return { ...verdict, ...kept };
}

export const INTERRUPTED: RunResult = { outcome: 'interrupted', note: 'asked to stop' };

type Asked = { readonly over: Promise<RunResult>; forget(): void };

/** Passes the platform's wish on to the run; `over` resolves when its grace has passed. */
function askedToStop(run: OpenRun, interruption: Interruption | undefined): Asked {
  const { promise: over, resolve } = Promise.withResolvers<RunResult>();
  let timer: NodeJS.Timeout | undefined;
  const ask = (): void => {
    run.interrupt();
    timer = setTimeout(() => resolve(INTERRUPTED), interruption?.graceMs ?? 0);
  };
  const { signal } = interruption ?? {};
  if (signal?.aborted) ask();
  else signal?.addEventListener('abort', ask, { once: true });
  return {
    over,
    forget: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', ask);
    },
  };
}

export function crashed(note: string): RunResult {
  return { outcome: 'crashed', note: noteOf(note) };
}

export function timedOut(order: RunOrder, why = 'the run was not done by its deadline'): RunResult {
  return { outcome: 'timed_out', note: noteOf(`${why} (${new Date(order.deadline).toISOString()})`) };
}

async function judge(order: RunOrder, ctx: RunContext): Promise<RunResult> {
  try {
    const blueprint = await loadBlueprint(order.blueprint);
    return judgeAnswer(await blueprint.run(ctx, blueprint.parseConfig(order.config)));
  } catch (thrown) {
    if (thrown instanceof NovaError && thrown.code === 'budget_reached')
      return { outcome: 'failed', note: thrown.code };
    return crashed(textOf(thrown));
  }
}

function judgeAnswer(answer: RunAnswer | null): RunResult {
  if (answer === undefined || answer === null) return { outcome: 'succeeded', note: '' };
  if (typeof answer.ok !== 'boolean') return crashed('the blueprint answered neither nothing nor {ok, summary}');
  const note = typeof answer.summary === 'string' ? noteOf(answer.summary) : '';
  return { outcome: answer.ok ? 'succeeded' : 'failed', note };
}

/** Anything can be thrown, also what cannot be made a text. */
function textOf(thrown: unknown): string {
  try {
    return messageOf(thrown) || 'an error without a message';
  } catch {
    return 'something that cannot be shown was thrown';
  }
}

async function byDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.min(Math.max(milliseconds, 0), MAX_TIMER_MS));
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
