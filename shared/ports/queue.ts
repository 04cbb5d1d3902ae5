/** Queues deliver at least once, out of order, sometimes twice at the same time. What travels is in shared/wire. */

export type Queue<T> = {
  /** Resolves after the message is durable. `delaySeconds` 0 to 900. */
  send(message: T, options?: { readonly delaySeconds?: number }): Promise<void>;
  /** Any number; every one is durable when it resolves. */
  sendMany(messages: readonly T[]): Promise<void>;
};

export type Delivery = {
  readonly id: string;
  readonly receipt: string;
  readonly body: string;
  /** 1 at the first delivery. */
  readonly receiveCount: number;
};

/** The consuming side, used by whoever pumps messages into jobs. */
export type Inbox = {
  receive(options: { readonly max: number; readonly waitSeconds: number }): Promise<readonly Delivery[]>;
  delete(receipt: string): Promise<void>;
  /** Makes the message visible again after so many seconds. A receipt that is no longer valid is ignored. */
  giveBack(receipt: string, seconds: number): Promise<void>;
  /** To the dead letters at once, with the reason: for what no retry can help. */
  quarantine(delivery: Delivery, reason: string): Promise<void>;
};

/** `inFlight` counts whatever is not visible now: received, given back for later, delayed. */
export type QueueDepth = { readonly visible: number; readonly inFlight: number; readonly dead: number };

/** A message that gave up: received too often, or put aside because nobody could read it. */
export type DeadLetter = { readonly id: string; readonly body: string; readonly reason: string };

export type QueueAdmin = {
  depth(): Promise<QueueDepth>;
  /** How long the oldest message has waited; absent where only somebody else can tell (SQS: CloudWatch). */
  oldestSeconds?(): Promise<number>;
  /** Moves up to `max` dead letters back to the queue; answers how many. */
  redrive(max: number): Promise<number>;
  /** Up to `max` dead letters, left where they are. */
  deadLetters(max: number): Promise<readonly DeadLetter[]>;
};
