/**
 * A job is a handler before it meets a platform. The Lambda export, the embedded engine, the rehearsal and the memory
 * engine all call `run` with a world of their own; the job never knows which.
 */
import type { JsonObject } from '../domain/agent.ts';
import type { Interruption, ProcessorAndMemory } from '../ports/host.ts';

/** What the platform knows about this invocation. */
export type Call = {
  /** New for every delivery: the holder of whatever is claimed in it. */
  readonly invocationId: string;
  /** Epoch milliseconds at which the platform ends it. */
  readonly deadline: number;
  /** The platform is about to stop: what was begun may end, nothing further is begun. */
  readonly stopping?: boolean;
  /** 1 at the first delivery of the message. */
  readonly receiveCount: number;
  /** Where the platform may want its machine back before the deadline. */
  readonly interruption?: Interruption;
  /** Where compute is billed for more than the run takes: milliseconds to charge with a run that ended then. Asked once. */
  billedMs?(endedAt: number): number;
  /** Told when the run has ended what it used, where that is known. */
  onUse?(use: ProcessorAndMemory): void;
  /** Told after every heartbeat whether the run is still ours. */
  onHeartbeat?(kept: boolean): void;
};

/**
 * Every port of the job's world, each once: `{ table: true, time: true }`. The compiler refuses a missing or a surplus
 * one, and the platform opens these ports only.
 */
export type Needs<Ports> = { readonly [port in keyof Ports]: true };

/** "Not now": the message is given back and becomes visible after so many seconds. */
export type Later = { readonly laterSeconds: number };

/** How long a message that failed stays away: doubling, up to the most that its job can wait once all is well again. */
export const backoffSeconds = (receiveCount: number, { longestWaitSeconds = 60 }: Patience): number =>
  Math.min(longestWaitSeconds, 2 ** receiveCount);

export type Patience = {
  /** With the receives of its queue it says which outage a message outlives by itself. A minute unless told. */
  readonly longestWaitSeconds?: number;
};

/** `undefined`: done, the message may go. */
export type QueueJob<Message, Ports> = Patience & {
  readonly name: string;
  readonly needs: Needs<Ports>;
  /** @throws when the body is not such a message: it goes to quarantine, not through retries. */
  parse(body: unknown): Message;
  run(message: Message, world: Ports, call: Call): Promise<Later | undefined>;
};

export type ScheduleJob<Ports> = {
  readonly name: string;
  readonly needs: Needs<Ports>;
  /** Answers what it did, for the log. */
  run(world: Ports, call: Call): Promise<JsonObject>;
};

export type WebRequest = {
  readonly method: string;
  /** Without the stage prefix and without the query. */
  readonly path: string;
  /** Lower-case names; several values of one name are joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes as they came. */
  readonly body: Uint8Array;
  readonly sourceIp: string;
};

export type WebResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type WebJob<Ports> = {
  readonly name: string;
  readonly needs: Needs<Ports>;
  run(request: WebRequest, world: Ports, call: Call): Promise<WebResponse>;
};
