/** Puts what has changed on the bus. Nothing of ours depends on it: what cannot be told is logged, and the work goes on. */
import { messageOf } from '../domain/error.ts';
import type { World } from '../ports/world.ts';
import { getAgent } from '../store/agent-store.ts';
import { getApproval } from '../store/approval-store.ts';
import { getDecision } from '../store/decision-store.ts';
import type { DomainEvent } from '../wire/events.ts';
import type { WorkDelivery } from '../wire/task-event.ts';

type Ports = Pick<World, 'table' | 'time' | 'settings' | 'events' | 'log'>;

/** After the work of a message is done. The same change has the same id, however often its message comes. */
export async function tellChange(message: WorkDelivery, ports: Ports): Promise<void> {
  try {
    const event = await eventOf(message, ports);
    if (event) await ports.events.put(event);
  } catch (thrown) {
    ports.log.warn('a change could not be put on the bus', { kind: message.kind, why: messageOf(thrown) });
  }
}

async function eventOf(message: WorkDelivery, ports: Ports): Promise<DomainEvent | null> {
  if (message.kind === 'reconcile') return agentEvent(message.agentId, ports);
  if (message.kind === 'request-approval') return approvalEvent(message.approvalId, ports);
  return message.kind === 'execute-decision' ? decisionEvent(message.decisionId, ports) : null;
}

const iso = (ms: number): string => new Date(ms).toISOString();

async function agentEvent(id: string, { table, settings }: Ports): Promise<DomainEvent | null> {
  const agent = await getAgent(table, id);
  if (!agent) return null;
  const { status, pauseReason, instances, version, updatedAt } = agent;
  return {
    ...{ v: 1, id: `agent.changed:${id}:${version}`, type: 'agent.changed', stage: settings.stage, at: iso(updatedAt) },
    detail: { agentId: id, status, pauseReason, instances, version },
  };
}

async function approvalEvent(id: string, { table, settings }: Ports): Promise<DomainEvent | null> {
  const approval = await getApproval(table, id);
  if (!approval) return null;
  const { agentId, title, createdAt, expiresAt } = approval;
  return {
    ...{ v: 1, id: `approval.requested:${id}`, type: 'approval.requested', stage: settings.stage, at: iso(createdAt) },
    detail: { approvalId: id, agentId, title, expiresAt: iso(expiresAt) },
  };
}

async function decisionEvent(id: string, { table, settings }: Ports): Promise<DomainEvent | null> {
  const decision = await getDecision(table, id);
  if (decision?.status !== 'executed') return null;
  const { agentId, kind, why, updatedAt } = decision;
  return {
    ...{ v: 1, id: `decision.executed:${id}`, type: 'decision.executed', stage: settings.stage, at: iso(updatedAt) },
    detail: { decisionId: id, agentId, kind, why },
  };
}
