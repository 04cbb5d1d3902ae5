/** What may become of an agent's desired state. Setting what is already so changes nothing and is no error. */
import { type Agent, type AgentSchedule, type AgentStatus, MAX_INSTANCES, mayMove, type PauseReason } from './agent.ts';
import { NovaError } from './error.ts';

export type AgentChange = {
  readonly status?: AgentStatus;
  /** Why it is paused; `operator` when a pause names none. */
  readonly pauseReason?: PauseReason;
  readonly instances?: number;
  /** Checked by the caller; null takes the schedule away. */
  readonly schedule?: AgentSchedule | null;
};

/** What decides whether a pause for the budget is over. */
export type ChangeFacts = { readonly now: number; readonly budgetExceeded: boolean };

type Desired = Pick<Agent, 'status' | 'pauseReason' | 'instances' | 'schedule'>;

/**
 * The agent after the change (version and update time moved), or null when it is so already.
 * @throws NovaError conflict when the state forbids it, bad_input for a number of instances outside 1 to 50.
 */
export function changedAgent(agent: Agent, change: AgentChange, facts: ChangeFacts): Agent | null {
  const desired: Desired = {
    ...changedStatus(agent, change, facts),
    instances: changedInstances(agent, change),
    schedule: change.schedule === undefined ? agent.schedule : change.schedule,
  };
  if (sameDesired(agent, desired)) return null;
  if (agent.status === 'retired') throw new NovaError('conflict', `agent ${agent.id} is retired, which is final`);
  if (change.schedule && agent.continuous) throw new NovaError('conflict', keptOrScheduled(agent.id));
  return { ...agent, ...desired, version: agent.version + 1, updatedAt: facts.now };
}

/** Judged where it is written as well: two people may ask for one of the two each. */
export const keptOrScheduled = (id: string): string =>
  `agent ${id} is kept running or has a schedule, not both; somebody else has just changed it`;

/** Whether more may run after the change than before: what the kill switch forbids. */
export function startsMore(before: Agent, after: Agent): boolean {
  return after.status === 'active' && (before.status !== 'active' || after.instances > before.instances);
}

/** The verb for the audit trail, from what changed. */
export function verbOfChange(before: Agent, after: Agent): string {
  if (before.status === after.status && before.instances !== after.instances) return 'agent.scaled';
  if (before.status === after.status && before.pauseReason === after.pauseReason) return 'agent.rescheduled';
  if (after.status === 'active') return before.status === 'paused' ? 'agent.resumed' : 'agent.activated';
  return `agent.${after.status}`;
}

function changedStatus(agent: Agent, change: AgentChange, facts: ChangeFacts): Pick<Agent, 'status' | 'pauseReason'> {
  const status = change.status ?? agent.status;
  const same = { status: agent.status, pauseReason: agent.pauseReason };
  if (status === agent.status)
    return status === 'paused' ? { status, pauseReason: strongerReason(agent, change) } : same;
  if (!mayMove(agent.status, status)) throw new NovaError('conflict', refusal(agent, status));
  if (status === 'active') mustBeCleared(agent, facts);
  return { status, pauseReason: status === 'paused' ? (change.pauseReason ?? 'operator') : null };
}

/** A person's pause outlives every reason that ends by itself. */
function strongerReason(agent: Agent, change: AgentChange): PauseReason | null {
  const asked = change.status === 'paused' ? (change.pauseReason ?? 'operator') : agent.pauseReason;
  return asked === 'operator' ? 'operator' : agent.pauseReason;
}

function refusal(agent: Agent, to: AgentStatus): string {
  if (agent.status === 'retired')
    return `agent ${agent.id} is retired, which is final; deploy a new one under another name`;
  return `agent ${agent.id} is ${agent.status} and cannot become ${to}`;
}

function mustBeCleared(agent: Agent, facts: ChangeFacts): void {
  if (agent.pauseReason !== 'budget' || !facts.budgetExceeded) return;
  throw new NovaError(
    'conflict',
    `agent ${agent.id} is paused because its budget of today is spent; it resumes with the next day, or raise the budget`,
  );
}

function changedInstances(agent: Agent, { instances }: AgentChange): number {
  if (instances === undefined) return agent.instances;
  if (!Number.isInteger(instances) || instances < 1 || instances > MAX_INSTANCES) {
    throw new NovaError(
      'bad_input',
      `an agent has 1 to ${MAX_INSTANCES} instances, got ${instances}; to stop it, pause or retire it`,
    );
  }
  return instances;
}

function sameDesired(agent: Agent, desired: Desired): boolean {
  return (
    agent.status === desired.status &&
    agent.pauseReason === desired.pauseReason &&
    agent.instances === desired.instances &&
    sameSchedule(agent.schedule, desired.schedule)
  );
}

export function sameSchedule(a: AgentSchedule | null, b: AgentSchedule | null): boolean {
  return a?.expression === b?.expression && a?.timezone === b?.timezone;
}
