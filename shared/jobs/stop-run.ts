/** Stopping a run in progress: the kill switch, or the end of its agent, raises the kill epoch of its instance. */
import { NovaError } from '../domain/error.ts';
import type { World } from '../ports/world.ts';
import type { Claimed } from '../store/claim.ts';
import type { Ending } from '../store/close-store.ts';
import { keepLease, lookAtLease, type Standing } from '../store/mark-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'heart' | 'settings' | 'log'>;

export type Stop = {
  /** Moves on with every mark. */
  claimed: Claimed;
  /** Aborted: nothing it does from now on counts. */
  readonly stop: AbortController;
  /** When the run was last known to be allowed: its claim, a mark, a heartbeat, a look. */
  seenAt: number;
  /** Calls side by side share one look. */
  looking: Promise<void> | null;
  /** Looks before calls: one read unit each. */
  looks: number;
  /** The mark under way: a stop waits for it, because what it wrote is spent. */
  marking: Promise<unknown>;
};

export type Result = Pick<Ending, 'note' | 'state'> & { readonly outcome: Ending['outcome'] | 'interrupted' };
const STOPPED: Result = { outcome: 'cancelled', note: 'stopped: its agent may not run any more' };

/** What was known longer ago is looked at before a call: a run that calls all the time reads one unit in so many seconds: 12 a minute, $0.0000015. */
export const CALL_LOOK_SECONDS = 5;

/** Keeps the lease, and stops the run when the kill epoch has moved. Answers what ends the watch. */
export function watchStop(world: Ports, run: Stop, onHeartbeat?: (kept: boolean) => void): () => void {
  const { heartbeatSeconds, lookSeconds } = world.settings;
  const { agentId } = run.claimed.instance;
  const learn = (standing: Standing): void => noted(world, run, standing);
  const every = (seconds: number, look: () => Promise<void>): (() => void) =>
    world.heart.every(seconds * 1000, () => {
      look().catch(() => world.log.warn('a heartbeat failed', { agentId }));
    });
  const beat = async (): Promise<void> => {
    const standing = await keepLease(world, run.claimed);
    onHeartbeat?.(standing !== 'lost');
    learn(standing);
  };
  const look = async (): Promise<void> => learn(await lookAtLease(world, run.claimed));
  const ends = [every(heartbeatSeconds, beat), ...(lookSeconds === undefined ? [] : [every(lookSeconds, look)])];
  return () => {
    for (const end of ends) end();
  };
}

/** What the run came to, or that it was stopped: at once, but not before a mark under way is known. */
export async function unlessStopped(running: Promise<Result>, run: Stop): Promise<Result> {
  const { signal } = run.stop;
  const stopped = new Promise<Result>((resolve) => {
    signal.addEventListener('abort', () => resolve(STOPPED), { once: true });
  });
  const done = await Promise.race([running, stopped]);
  if (signal.aborted) await run.marking;
  // It was refused a call because of the stop, and fell over that: no crash of its own.
  return signal.aborted && done.outcome !== 'succeeded' && done.outcome !== 'failed' ? STOPPED : done;
}

function noted({ time }: Pick<Ports, 'time'>, run: Stop, standing: Standing): void {
  if (standing === 'stopped') run.stop.abort();
  else run.seenAt = time.now();
}

/**
 * Before a call that needs no mark. Where looking all the time would cost money, this is how a kill is noticed at once by
 * whoever still does something.
 * @throws NovaError denied after a stop; unavailable where that cannot be looked up.
 */
export async function mayCall(world: Pick<Ports, 'table' | 'time'>, run: Stop): Promise<void> {
  mayGoOn(run);
  if (world.time.now() - run.seenAt < CALL_LOOK_SECONDS * 1000) return;
  run.looking ??= lookAgain(world, run).finally(() => {
    run.looking = null;
  });
  await run.looking;
  mayGoOn(run);
}

async function lookAgain(world: Pick<Ports, 'table' | 'time'>, run: Stop): Promise<void> {
  run.looks += 1;
  noted(world, run, await lookAtLease(world, run.claimed));
}

/** @throws NovaError denied after a stop. */
export function mayGoOn({ stop }: Stop): void {
  if (stop.signal.aborted) throw new NovaError('denied', 'the run was stopped');
}
