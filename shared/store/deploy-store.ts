/** Deploying: the agent, its first spec, its audit record and the order to reconcile in one transaction. */
import {
  AGENT_DEFAULTS,
  type Agent,
  type AgentSchedule,
  type AgentSpec,
  agentIdOf,
  type JsonObject,
  MAX_INSTANCES,
  type Overlap,
} from '../domain/agent.ts';
import type { Actor } from '../domain/audit.ts';
import { NovaError } from '../domain/error.ts';
import { haltOver } from '../domain/halt.ts';
import { cleanLine } from '../domain/safe-text.ts';
import type { TaskShape } from '../domain/task.ts';
import { assertTools } from '../domain/tool.ts';
import type { Item, Op } from '../ports/table.ts';
import { encodeAgent, encodeSpec } from './agent-item.ts';
import { type AgentOps, type AgentPorts, type AgentRecords, agentEntity, reconcileOrder } from './agent-store.ts';
import { audited, NO_AUDIT } from './audit-store.ts';
import { committed, publishOrLeave } from './commit.ts';
import { gateOp, readGate } from './halt-store.ts';
import { agentKey } from './keys.ts';

/** What a caller has checked already: the config by its blueprint, the schedule by its parser. */
export type NewAgent = {
  readonly name: string;
  readonly blueprint: string;
  readonly department: string;
  readonly stage?: Agent['stage'];
  readonly instances?: number;
  /** Made, but not started: a decision activates it. */
  readonly draft?: boolean;
  readonly schedule: AgentSchedule | null;
  readonly config: JsonObject;
  readonly holdMicros: number;
  readonly holdTokens?: number;
  readonly timeoutSeconds: number;
  readonly crashLimit?: number;
  readonly cooldownSeconds?: number;
  readonly overlap?: Overlap;
  readonly repeats?: NonNullable<AgentSpec['repeats']>;
  readonly tools?: NonNullable<AgentSpec['tools']>;
  readonly task?: TaskShape;
  readonly restSeconds?: number;
  readonly autoRestart?: false;
};

/**
 * Makes an active agent with its first spec. An id is used once: not even a retired agent gives it back.
 * @throws NovaError conflict when the name is taken, bad_input when it makes no id or the instances are out of range.
 */
export async function deployAgent(world: AgentPorts, input: NewAgent, actor: Actor): Promise<Agent> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const gate = await readGate(world.table);
    // Under the kill switch it is made and not started; a person starts it when the switch is off.
    const halted = haltOver(gate, { id: agentIdOf(input.name), department: input.department }) !== null;
    const { agent, ops, posted } = deployOps(world, halted ? { ...input, draft: true } : input, actor);
    if (await committed(world.table, [...ops, gateOp(gate)], agent.auditHash)) {
      await publishOrLeave(world, posted);
      return agent;
    }
    if (!(await world.table.get(agentKey(agent.id)))) continue;
    throw new NovaError('conflict', `there is an agent "${agent.id}" already, or there was one; choose another name`);
  }
  throw new NovaError('unavailable', 'the kill switch is being turned; try again');
}

const TRIES = 8;

/** The ops of a deployment alone, for a transaction that does more. */
export function deployOps(world: AgentRecords, input: NewAgent, actor: Actor): AgentOps {
  const spec = specOf(agentIdOf(input.name), input);
  const at = world.time.now();
  const instances = input.instances ?? 1;
  if (!Number.isInteger(instances) || instances < 1 || instances > MAX_INSTANCES) {
    throw new NovaError('bad_input', `an agent has 1 to ${MAX_INSTANCES} instances, got ${instances}`);
  }
  mustFit('a name', input.name, MAX_NAME);
  assertDepartment(input.department);
  const { blueprint, department, schedule } = input;
  const name = cleanLine(input.name, MAX_NAME);
  const posted = reconcileOrder(world, spec.agentId);
  const { record, head } = audited(world.hashing, NO_AUDIT, {
    at,
    actor,
    action: 'agent.deployed',
    entity: agentEntity(spec.agentId),
    details: {
      name,
      blueprint,
      department,
      instances,
      schedule: schedule && `${schedule.expression} ${schedule.timezone}`,
      holdMicros: spec.holdMicros,
      // Makes this record like no other, so that one's own deployment is known from a twin's of the same instant.
      order: posted.id,
      specHash: world.hashing.sha256(JSON.stringify(encodeSpec(spec))),
    },
  });
  const agent: Agent = {
    ...{ id: spec.agentId, name, blueprint, department, stage: input.stage ?? 'production' },
    ...{ status: input.draft ? 'draft' : 'active', pauseReason: null, instances, schedule, specVersion: 1 },
    ...placeOf(spec),
    ...{ createdAt: at, updatedAt: at, version: 1 },
    ...head,
  };
  const fresh = [{ attr: 'pk', op: 'missing' }] as const;
  const put = (item: Item): Op => ({ op: 'put', item, if: fresh });
  return { agent, ops: [put(encodeAgent(agent)), put(encodeSpec(spec)), record, posted.op], posted: [posted] };
}

/** What stands in tables, mails and subjects: long enough to say anything, short enough to be read. */
const MAX_NAME = 100;
/**
 * It is part of the keys of its limits and of its kill switch: what no key can hold could never be limited or stopped. And
 * of commands that mails tell people to type: nothing in it means anything to a shell.
 */
const DEPARTMENT = /^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,58}[A-Za-z0-9._-])?$/;

function assertDepartment(name: string): void {
  if (DEPARTMENT.test(name)) return;
  const wanted = 'a department is 1 to 60 letters, digits, spaces, dots, dashes and underscores of ASCII';
  throw new NovaError('bad_input', `${wanted}; got ${JSON.stringify(name)}`);
}

function mustFit(what: string, text: string, limit: number): void {
  if (text.length <= limit) return;
  throw new NovaError('bad_input', `${what} has at most ${limit} characters; got ${text.length}`);
}

/** What of a spec stands on the agent as well. */
export const placeOf = ({ task, restSeconds }: AgentSpec): Pick<Agent, 'compute' | 'continuous'> => ({
  ...(task ? { compute: task.kind } : {}),
  ...(restSeconds === undefined ? {} : { continuous: true }),
});

function specOf(agentId: string, input: NewAgent): AgentSpec {
  const { blueprint, config, holdMicros, timeoutSeconds, tools = [] } = input;
  assertTools(tools);
  return {
    ...{ agentId, version: 1, blueprint, config, holdMicros, timeoutSeconds },
    crashLimit: input.crashLimit ?? AGENT_DEFAULTS.crashLimit,
    cooldownSeconds: input.cooldownSeconds ?? AGENT_DEFAULTS.cooldownSeconds,
    overlap: input.overlap ?? 'skip',
    ...(input.holdTokens === undefined ? {} : { holdTokens: input.holdTokens }),
    ...(input.repeats === undefined || input.repeats.length === 0 ? {} : { repeats: input.repeats }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(input.task ? { task: input.task } : {}),
    ...(input.restSeconds === undefined ? {} : { restSeconds: input.restSeconds }),
    ...(input.autoRestart === false ? { autoRestart: false as const } : {}),
  };
}
