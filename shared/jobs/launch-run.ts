/** A claimed run is handed to a task. The same claim asks for the same task, however often it is asked. */
import { NovaError } from '../domain/error.ts';
import { runId } from '../domain/run.ts';
import { FAMILIES } from '../domain/task.ts';
import type { World } from '../ports/world.ts';
import type { Claimed } from '../store/claim.ts';
import { isTaskHolder, releaseClaim } from '../store/task-store.ts';

export type LaunchPorts = Pick<World, 'table' | 'launcher' | 'hashing' | 'log'>;

/** `refused`: nothing was placed, the hold is back and the slot open. */
export type Launched = 'launched' | 'refused';

/** What no repetition changes: the claim must not wait for its lease. */
const HOPELESS: readonly string[] = ['misconfigured', 'too_large', 'conflict', 'bad_input'];

/**
 * @throws NovaError unavailable when nobody knows whether a task was started: the claim stays, and whoever brings the
 * message again asks with the same token; misconfigured when none can be.
 */
export async function launchRun(world: LaunchPorts, claimed: Claimed): Promise<Launched> {
  const { instance, spec } = claimed;
  const { run, agentId, number, fence } = instance;
  if (!run || !spec.task || isTaskHolder(run.holder)) return 'launched';
  const id = runId(agentId, number, run.slot);
  try {
    const { taskId, reason } = await world.launcher.runTask({
      clientToken: world.hashing.sha256(`${id}#${fence}`),
      family: FAMILIES[spec.task.kind],
      size: spec.task,
      environment: {
        ...runEnvironment({ agentId, number, fence, slot: run.slot, holder: run.holder }),
        NOVA_TASK_MEMORY_MB: String(spec.task.memoryMb),
      },
    });
    if (taskId !== null) return 'launched';
    world.log.warn('no task was placed', { runId: id, reason });
  } catch (thrown) {
    if (thrown instanceof NovaError && HOPELESS.includes(thrown.code)) await releaseClaim(world, claimed);
    throw thrown;
  }
  await releaseClaim(world, claimed);
  return 'refused';
}

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

export type KeepTicket = { readonly agentId: string; readonly number: number; readonly specVersion: number };

/** A task that is kept alive is told whom it works for, and with which version of the config. */
export const keepEnvironment = ({ agentId, number, specVersion }: KeepTicket) => ({
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
  if (slot && holder && fence !== null) return { kind: 'run', agentId, number, slot, fence, holder };
  return specVersion === null ? null : { kind: 'keep', agentId, number, specVersion };
}

const wholeOf = (text: string | undefined): number | null => (text && /^\d{1,12}$/.test(text) ? Number(text) : null);
