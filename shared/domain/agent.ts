/** The deployed unit: a blueprint with a config, a schedule, a budget and a desired number of instances. */
import { NovaError } from './error.ts';
import type { TaskShape } from './task.ts';
import type { Tool } from './tool.ts';

export type AgentStatus = 'draft' | 'active' | 'paused' | 'retired';
export type PauseReason = 'operator' | 'budget' | 'crash_limit' | 'policy' | 'decision' | 'runaway';
export type Overlap = 'skip' | 'wait';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** `expression` is cron(…), rate(…) or at(…) in the exact AWS form; `timezone` an IANA name. */
export type AgentSchedule = { readonly expression: string; readonly timezone: string };

/** Desired state. Only people and executed decisions change it; the reconciler makes the world match. */
export type Agent = {
  readonly id: string;
  readonly name: string;
  readonly blueprint: string;
  readonly department: string;
  readonly stage: 'production' | 'sandbox';
  readonly status: AgentStatus;
  readonly pauseReason: PauseReason | null;
  readonly instances: number;
  readonly schedule: AgentSchedule | null;
  readonly specVersion: number;
  /** As its newest spec says: who is looked after where tasks are. Absent: functions. */
  readonly compute?: TaskShape['kind'];
  /** Tasks of it are kept alive. */
  readonly continuous?: true;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Grows by one with every change; the condition of every change. */
  readonly version: number;
  readonly auditSeq: number;
  readonly auditHash: string;
};

/** What one run needs to know; immutable per version. */
export type AgentSpec = {
  readonly agentId: string;
  readonly version: number;
  readonly blueprint: string;
  readonly config: JsonObject;
  /** The most one run may cost, compute included: what a claim holds. */
  readonly holdMicros: number;
  /** The most tokens one run may use; absent: none. */
  readonly holdTokens?: number;
  readonly timeoutSeconds: number;
  readonly crashLimit: number;
  readonly cooldownSeconds: number;
  /** Absent: its runs go on in a function. */
  readonly task?: TaskShape;
  /** Continuous: one cycle after the other, so many seconds of rest between two. Absent: it runs when it is woken. */
  readonly restSeconds?: number;
  /** false: one crash pauses it. */
  readonly autoRestart?: false;
  /** What a tick does while another run of its instance goes on. */
  readonly overlap: Overlap;
  /** What of its paid runs may be the same time after time; absent: neither. */
  readonly repeats?: readonly ('input' | 'outcome')[];
  /** What its runs may pay for by name; absent: nothing. */
  readonly tools?: readonly Tool[];
};

export const AGENT_DEFAULTS = {
  crashLimit: 5,
  cooldownSeconds: 300,
  maxCooldownSeconds: 21_600,
  maxProbes: 5,
} as const;
export const MAX_INSTANCES = 50;

/**
 * The id of an agent is the slug of its name: lower-case letters, digits and dashes, at most 40.
 * @throws NovaError bad_input when nothing usable is left.
 */
export function agentIdOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  if (!slug) throw new NovaError('bad_input', `a name needs at least one letter or digit; got "${name}"`);
  return slug;
}

const MOVES: Record<AgentStatus, readonly AgentStatus[]> = {
  draft: ['active', 'retired'],
  active: ['paused', 'retired'],
  paused: ['active', 'retired'],
  retired: [],
};

/** Whether `draft → active ⇄ paused → retired` allows this move. */
export function mayMove(from: AgentStatus, to: AgentStatus): boolean {
  return MOVES[from].includes(to);
}
