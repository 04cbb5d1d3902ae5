/** An engine that is measured. */
import type { Kind } from './fleet.ts';
import type { Burst, Steady } from './load.ts';

/** Milliseconds since the start of its process: until its engine was up. */
export type Ready = { readonly startMs: number };

export type Idle = {
  /** Of one processor, the children included where the system tells. */
  readonly cpuPercent: number;
  readonly engineMb: number;
  /** Engine and children together, shared pages once; null where the system does not tell. */
  readonly allMb: number | null;
  /** Processes beside the engine's own: those for runs, and the one that watches over them. */
  readonly children: number;
};

export type Pace = { readonly perSecond: number; readonly seconds: number };

export type Subject = {
  readonly name: string;
  readonly ready: Ready | null;
  burst(kind: Kind, count: number): Promise<Burst>;
  steady(kind: Kind, pace: Pace): Promise<Steady>;
  /** What it needs when there is nothing to do; null for one that is no process. */
  idle(seconds: number): Promise<Idle | null>;
  stop(): Promise<void>;
};
