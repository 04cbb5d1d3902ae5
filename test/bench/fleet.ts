/** The fleet of every measurement: half of its agents make one paid call in each run, half make none. */
import type { AgentPorts } from '../../shared/store/agent-store.ts';
import { deployAgent, type NewAgent } from '../../shared/store/deploy-store.ts';

export type Kind = 'unpaid' | 'paid';
export const KINDS: readonly Kind[] = ['unpaid', 'paid'];
export type Size = { readonly agentsOfAKind: number; readonly instances: number };
export type Place = { readonly agentId: string; readonly instance: number };

/** 100 agents; instances enough that no burst meets one that is still busy. */
export const FLEET: Size = { agentsOfAKind: 50, instances: 4 };

/** For an engine that takes its time to deploy. */
export const SMALL_FLEET: Size = { agentsOfAKind: 10, instances: 6 };

const COST_USD: Record<Kind, string> = { unpaid: '0', paid: '0.000001' };
const COST_MICROS: Record<Kind, number> = { unpaid: 0, paid: 1 };
const TIMEOUT_SECONDS = 60;

const agentOf = (kind: Kind, number: number): string => `${kind}-${number}`;

/** Every instance of a kind, one agent after another. */
export function placesOf(kind: Kind, { agentsOfAKind, instances }: Size): Place[] {
  return Array.from({ length: agentsOfAKind * instances }, (_, at) => ({
    agentId: agentOf(kind, at % agentsOfAKind),
    instance: Math.floor(at / agentsOfAKind),
  }));
}

/** Deploys; the instances are there once the work queue is empty. No schedule fires while anybody measures. */
export async function deployFleet(world: AgentPorts, size: Size, computeBoundMicros = 0): Promise<void> {
  const agents = KINDS.flatMap((kind) =>
    Array.from({ length: size.agentsOfAKind }, (_, number): NewAgent => {
      return {
        ...{ name: agentOf(kind, number), blueprint: 'lab.scripted', department: 'bench', instances: size.instances },
        schedule: { expression: 'cron(0 3 1 1 ? *)', timezone: 'UTC' },
        config: { outcomes: [{ ok: true, costUsd: COST_USD[kind] }] },
        holdMicros: COST_MICROS[kind] + computeBoundMicros,
        timeoutSeconds: TIMEOUT_SECONDS,
      };
    }),
  );
  await Promise.all(agents.map((agent) => deployAgent(world, agent, 'cli:bench')));
}
