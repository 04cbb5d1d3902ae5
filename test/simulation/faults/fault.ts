/** A fault: when it strikes, how it is known to have happened, and what must hold all the same. */
import type { Ask } from './machines.ts';
import type { Play } from './play.ts';
import type { Invariant } from './watch.ts';

export type Fault = {
  readonly id: `F${number}`;
  readonly name: string;
  readonly keeps: readonly [Invariant, ...Invariant[]];
  /** At a question that is about to be answered. It counts when `strike` is called. */
  readonly meets?: {
    /** Of the questions that fit, this part. */
    readonly chance: number;
    fits(ask: Ask, play: Play): boolean;
    strike(ask: Ask, play: Play): Promise<void> | void;
  };
  /** By itself: true when it has happened. */
  readonly strikes?: (play: Play) => Promise<boolean> | boolean;
  /** It needs much to come together: more histories know it. */
  readonly rare?: true;
  /** How often it strikes in a history that knows it; 2 unless told. */
  readonly times?: number;
  /** At the end, beside all that must always hold. */
  readonly check?: (play: Play) => string | null | Promise<string | null>;
};
