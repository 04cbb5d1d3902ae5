/** A claimed run is handed to a task. The same claim asks for the same task, however often it is asked. */
import { NovaError } from '../domain/error.ts';
import { runId, triggerOf } from '../domain/run.ts';
import { FAMILIES, isTaskHolder } from '../domain/task.ts';
import type { World } from '../ports/world.ts';
import type { Claimed } from '../store/claim.ts';
import { hasRoom } from '../store/task-room.ts';
import { releaseClaim } from '../store/task-store.ts';

export type LaunchPorts = Pick<World, 'table' | 'time' | 'launcher' | 'hashing' | 'log'>;

/** `refused`: nothing was placed, the hold is back and the slot open. */
export type Launched = 'launched' | 'refused';

/** What no repetition changes: the claim must not wait for its lease. */
const HOPELESS: readonly string[] = ['misconfigured', 'too_large', 'conflict', 'bad_input'];

/**
 * The fleet's most is asked after the claim: of two who come at once, each sees the other's. Who comes `again` may have
 * started a task already, which is to keep its claim; or died before it could ask, so there must be room for it, too.
 * @throws NovaError unavailable when nobody knows whether a task was started: the claim stays, and whoever brings the
 * message again asks with the same token; misconfigured when none can be.
 */
export async function launchRun(
  world: LaunchPorts,
  claimed: Claimed,
  { again }: { readonly again: boolean },
): Promise<Launched> {
  const { instance, spec } = claimed;
  const { run, agentId, number, fence } = instance;
  if (!run || !spec.task || isTaskHolder(run.holder)) return 'launched';
  const id = runId(agentId, number, run.slot);
  if (!(await hasRoom(world, instance, { again }))) {
    if (again)
      throw new NovaError('unavailable', `${id}: the fleet is full, and whether its task was started is not known`);
    world.log.warn('no task was started: the fleet has as many as it may', { runId: id });
    await releaseClaim(world, claimed, 'fleet');
    return 'refused';
  }
  try {
    const { taskId, reason } = await world.launcher.runTask({
      clientToken: world.hashing.sha256(`${id}#${fence}`),
      family: FAMILIES[spec.task.kind],
      size: spec.task,
      environment: {
        ...runEnvironment({ agentId, number, fence, slot: run.slot, holder: run.holder }),
        ...(isKept(claimed) ? keepEnvironment({ agentId, number, specVersion: spec.version }) : {}),
        NOVA_TASK_MEMORY_MB: String(spec.task.memoryMb),
      },
    });
    if (taskId !== null) return 'launched';
    world.log.warn('no task was placed', { runId: id, why: reason });
  } catch (thrown) {
    if (thrown instanceof NovaError && HOPELESS.includes(thrown.code)) await releaseClaim(world, claimed, 'refused');
    throw thrown;
  }
  await releaseClaim(world, claimed, 'capacity');
  return 'refused';
}

/** Its first cycle is claimed before it is started: where there is no money for one, there is no task to pay for. */
const isKept = ({ spec, instance: { run } }: Claimed): boolean =>
  spec.restSeconds !== undefined && run !== null && triggerOf(run.slot) !== 'manual';

export type RunTicket = {
  readonly agentId: string;
  readonly number: number;
  readonly slot: string;
  readonly fence: number;
  readonly holder: string;
};

/** What a task is told: which claim it goes on with. */
export const runEnvironment = ({ agentId, number, slot, fence, holder }: RunTicket) => ({
  NOVA_TASK_AGENT: agentId,
  NOVA_TASK_INSTANCE: String(number),
  NOVA_TASK_SLOT: slot,
  NOVA_TASK_FENCE: String(fence),
  NOVA_TASK_HOLDER: holder,
});

export type KeepTicket = {
  readonly agentId: string;
  readonly number: number;
  readonly specVersion: number;
  /** The cycle that was claimed for it; null: it was started by a version that left the claim to the task. */
  readonly first: RunTicket | null;
};

/** A task that is kept alive is told whom it works for, and with which version of the config. */
export const keepEnvironment = ({ agentId, number, specVersion }: Omit<KeepTicket, 'first'>) => ({
  NOVA_TASK_AGENT: agentId,
  NOVA_TASK_INSTANCE: String(number),
  NOVA_TASK_SPEC: String(specVersion),
});

export type Ticket = (RunTicket & { readonly kind: 'run' }) | (KeepTicket & { readonly kind: 'keep' });

/** null when it is none of ours. */
export function ticketOf(environment: Readonly<Record<string, string | undefined>>): Ticket | null {
  const { NOVA_TASK_AGENT: agentId, NOVA_TASK_INSTANCE, NOVA_TASK_SLOT: slot, NOVA_TASK_HOLDER: holder } = environment;
  const number = wholeOf(NOVA_TASK_INSTANCE);
  const fence = wholeOf(environment.NOVA_TASK_FENCE);
  const specVersion = wholeOf(environment.NOVA_TASK_SPEC);
  if (!agentId || number === null) return null;
  const run = slot && holder && fence !== null ? { agentId, number, slot, fence, holder } : null;
  if (specVersion !== null) return { kind: 'keep', agentId, number, specVersion, first: run };
  return run && { kind: 'run', ...run };
}

const wholeOf = (text: string | undefined): number | null => (text && /^\d{1,12}$/.test(text) ? Number(text) : null);
