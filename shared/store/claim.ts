/** The words of a claim: what is wanted, what is answered, and what stands between the two. */
import type { AgentSpec } from '../domain/agent.ts';
import type { Instance } from '../domain/instance.ts';
import type { Wish } from '../domain/protocol/judge.ts';
import type { Refusal, Slot } from '../domain/run.ts';
import type { Op } from '../ports/table.ts';
import type { World } from '../ports/world.ts';

export type ClaimPorts = Pick<World, 'table' | 'time' | 'settings'>;

export type Claim = {
  readonly agentId: string;
  readonly number: number;
  readonly slot: Slot;
  /** New for every invocation. */
  readonly holder: string;
  /** A task is billed since before it could claim. */
  readonly billedFrom?: number;
  /** Gives up a run whose lease is over, and sees that somebody takes it up; absent: it is only recovered. */
  giveUp?(instance: Instance): Promise<unknown>;
};

export type Claimed = { readonly instance: Instance; readonly spec: AgentSpec; readonly attempt: number };

export type ClaimAnswer =
  | { readonly kind: 'run'; readonly claimed: Claimed }
  | { readonly kind: 'done' }
  /** The item holds it for a task. */
  | { readonly kind: 'held'; readonly claimed: Claimed }
  | { readonly kind: 'wait'; readonly seconds: number }
  /** The kill switch is on: the request this slot belongs to stays open, and its message goes. */
  | { readonly kind: 'parked' }
  | { readonly kind: 'refused'; readonly reason: Refusal };

/** One step of a claim: an answer, or the image from which to judge again. */
export type Step = { readonly answer: ClaimAnswer } | { readonly image: Instance };

/** A wish and the image it was judged by; whatever is written for it is pinned to that image. */
export type Situation = { readonly wish: Wish; readonly image: Instance };

/** Ops that close or claim the slot of a wish; `refused` is the answer once they are done, null for a claim. */
export type Written = { readonly ops: readonly Op[]; readonly refused: Refusal | null };
