/** Agents and their specs as items. A config may hold fractions, which no item can, so it is kept as its JSON text. */
import type { Agent, AgentSchedule, AgentSpec, JsonObject } from '../domain/agent.ts';
import { NovaError } from '../domain/error.ts';
import type { TaskShape } from '../domain/task.ts';
import type { Item, Value } from '../ports/table.ts';
import { agentKey, specKey } from './keys.ts';

const STATUSES: readonly string[] = ['draft', 'active', 'paused', 'retired'];

export function encodeAgent(agent: Agent): Item {
  const { id, ...attributes } = agent;
  return { ...agentKey(id), v: 1, ...attributes };
}

/** @throws NovaError corrupt when it is no agent. */
export function decodeAgent(item: Item): Agent {
  const status = String(item.status);
  if (!STATUSES.includes(status)) throw new NovaError('corrupt', `agent ${item.sk} has the status "${status}"`);
  return {
    id: item.sk,
    name: String(item.name),
    blueprint: String(item.blueprint),
    department: String(item.department),
    stage: item.stage === 'sandbox' ? 'sandbox' : 'production',
    status: status as Agent['status'],
    pauseReason: (item.pauseReason ?? null) as Agent['pauseReason'],
    instances: count(item, 'instances'),
    schedule: (item.schedule ?? null) as AgentSchedule | null,
    specVersion: count(item, 'specVersion'),
    ...(item.compute === 'fargate' || item.compute === 'gpu' ? { compute: item.compute } : {}),
    ...(item.continuous === true ? { continuous: true } : {}),
    createdAt: count(item, 'createdAt'),
    updatedAt: count(item, 'updatedAt'),
    version: count(item, 'version'),
    auditSeq: count(item, 'auditSeq'),
    auditHash: String(item.auditHash),
  };
}

export function encodeSpec(spec: AgentSpec): Item {
  const { agentId, version, config, ...attributes } = spec;
  return { ...specKey(agentId, version), v: 1, agentId, version, config: JSON.stringify(config), ...attributes };
}

/** @throws NovaError corrupt when it is no spec. */
export function decodeSpec(item: Item): AgentSpec {
  return {
    agentId: String(item.agentId),
    version: count(item, 'version'),
    blueprint: String(item.blueprint),
    config: JSON.parse(String(item.config)) as JsonObject,
    holdMicros: count(item, 'holdMicros'),
    ...(item.holdTokens === undefined ? {} : { holdTokens: count(item, 'holdTokens') }),
    timeoutSeconds: count(item, 'timeoutSeconds'),
    ...(item.task === undefined ? {} : { task: decodeTask(item.task) }),
    ...(item.restSeconds === undefined ? {} : { restSeconds: count(item, 'restSeconds') }),
    ...(item.autoRestart === false ? { autoRestart: false } : {}),
    crashLimit: count(item, 'crashLimit'),
    cooldownSeconds: count(item, 'cooldownSeconds'),
    overlap: item.overlap === 'wait' ? 'wait' : 'skip',
    ...(Array.isArray(item.repeats) ? { repeats: item.repeats as NonNullable<AgentSpec['repeats']> } : {}),
    ...(Array.isArray(item.tools) ? { tools: item.tools as NonNullable<AgentSpec['tools']> } : {}),
  };
}

function decodeTask(value: Value): TaskShape {
  const task = value as { readonly [name: string]: Value };
  return {
    kind: task.kind === 'gpu' ? 'gpu' : 'fargate',
    cpuUnits: Number(task.cpuUnits),
    memoryMb: Number(task.memoryMb),
    gpus: Number(task.gpus),
    // Older versions kept the wish for a GPU as well, where it changed nothing.
    spot: task.spot === true && task.kind !== 'gpu',
    nanosPerSecond: Number(task.nanosPerSecond),
  };
}

function count(item: Item, attr: string): number {
  const value = item[attr];
  if (typeof value === 'number') return value;
  throw new NovaError('corrupt', `${item.pk} / ${item.sk} has no number ${attr}`);
}
