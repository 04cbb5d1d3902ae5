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
};

export type QueueDepth = { readonly visible: number; readonly inFlight: number; readonly dead: number };

export type QueueAdmin = {
  depth(): Promise<QueueDepth>;
  /** Moves up to `max` dead letters back to the queue; answers how many. */
  redrive(max: number): Promise<number>;
};
