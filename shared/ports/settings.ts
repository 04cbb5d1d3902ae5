/** What an owner can set, read once per process by shared/runtime/env.ts and handed to everyone who needs it. */
import type { Rates } from '../domain/currency.ts';

export type Settings = {
  readonly stage: string;
  readonly timezone: string;
  readonly currency: string;
  readonly ownerEmail: string;
  readonly senderEmail: string;
  /** Cost of one second of a run's own compute, in nano-USD (a thousandth of a micro-dollar); 0 on the owner's machine. */
  readonly computeNanosPerSecond: number;
  /** Memory of the function that runs agents: there a run is charged by the price table. Absent elsewhere. */
  readonly runMemoryMb?: number;
  readonly leaseSeconds: number;
  readonly heartbeatSeconds: number;
  /** How often a run in progress looks whether it was stopped; where a look costs money, with its heartbeat and before its calls. */
  readonly lookSeconds?: number;
  /** Fixed rates for revenue in other currencies; without one it is kept and shown unconverted. */
  readonly rates?: Rates;
};

/** Where people reach the approval page; on AWS an SSM parameter, so it is asked for late. */
export type PublicUrl = () => Promise<string>;
