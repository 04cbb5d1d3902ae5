/**
 * The queue in memory, under its owner's clock. It does to messages what a real one does: bodies travel as JSON, receives
 * are counted, what is not deleted comes back, and what comes back too often dies.
 */
import type { DeadLetter, Delivery, Inbox, Queue, QueueAdmin } from '../ports/queue.ts';
import type { Time } from '../ports/time.ts';
import { sortedList } from './sorted-list.ts';

export type MemoryQueueOptions = {
  readonly name: string;
  readonly time: Time;
  readonly visibilitySeconds: number;
  /** Deliveries of one message before it is a dead letter. */
  readonly maxReceiveCount: number;
  /** Which of so many visible messages comes next; the oldest (0) when not given. For simulations of disorder. */
  readonly pick?: (visible: number) => number;
};

/** `receive` never waits: with a clock that stands still, only the owner of the clock can bring the next message. */
export type MemoryQueue<T> = Queue<T> &
  Inbox &
  QueueAdmin & {
    readonly name: string;
    /** Messages that are not dead. */
    size(): number;
    /** When `receive` has something to give, in epoch milliseconds (perhaps past); null when the queue is empty. */
    nextVisibleAt(): number | null;
    /** Every message not dead, parsed, for invariants. */
    messages(): readonly unknown[];
  };

type Message = {
  readonly id: number;
  readonly body: string;
  readonly sentAt: number;
  visibleAt: number;
  receives: number;
};

export function memoryQueue<T>(options: MemoryQueueOptions): MemoryQueue<T> {
  const shelf = newShelf();
  return {
    name: options.name,
    ...sending<T>(shelf, options),
    ...receiving(shelf, options),
    ...administering(shelf, options),
    size: () => shelf.order.length,
    nextVisibleAt: () => shelf.order.at(0)?.visibleAt ?? null,
    messages: () => [...shelf.live.values()].map(({ body }) => JSON.parse(body) as unknown),
  };
}

type Shelf = ReturnType<typeof newShelf>;

/** Messages by id and by the time they become visible. */
function newShelf() {
  const live = new Map<number, Message>();
  const order = sortedList<Message>((a, b) => a.visibleAt - b.visibleAt || a.id - b.id);
  const dead: DeadLetter[] = [];
  let lastId = 0;
  const take = (message: Message): void => {
    live.delete(message.id);
    order.remove(message);
  };
  return {
    live,
    order,
    dead,
    take,
    add(body: string, visibleAt: number, sentAt = visibleAt): void {
      lastId++;
      const message = { id: lastId, body, sentAt, visibleAt, receives: 0 };
      live.set(lastId, message);
      order.add(message);
    },
    move(message: Message, visibleAt: number): void {
      order.remove(message);
      message.visibleAt = visibleAt;
      order.add(message);
    },
    bury(message: Message, reason: string): void {
      take(message);
      dead.push({ id: String(message.id), body: message.body, reason });
    },
    visible: (now: number): number =>
      order.position({ id: Number.POSITIVE_INFINITY, body: '', sentAt: now, visibleAt: now, receives: 0 }),
    /** A receipt names one delivery: the next delivery of the message makes it void. */
    held(receipt: string): Message | undefined {
      const [id, receives] = receipt.split('.').map(Number);
      const message = live.get(id ?? 0);
      return message && message.receives === receives ? message : undefined;
    },
  };
}

function sending<T>(shelf: Shelf, { time }: MemoryQueueOptions): Queue<T> {
  return {
    async send(message, { delaySeconds = 0 } = {}) {
      shelf.add(JSON.stringify(message), time.now() + delaySeconds * 1000, time.now());
    },
    async sendMany(messages) {
      for (const message of messages) shelf.add(JSON.stringify(message), time.now());
    },
  };
}

function receiving(shelf: Shelf, options: MemoryQueueOptions): Inbox {
  const { time } = options;
  return {
    async receive({ max }) {
      const deliveries: Delivery[] = [];
      while (deliveries.length < max) {
        const message = nextOf(shelf, options);
        if (!message) break;
        message.receives++;
        shelf.move(message, time.now() + options.visibilitySeconds * 1000);
        const { id, body, receives } = message;
        deliveries.push({ id: String(id), receipt: `${id}.${receives}`, body, receiveCount: receives });
      }
      return deliveries;
    },
    async delete(receipt) {
      const message = shelf.held(receipt);
      if (message) shelf.take(message);
    },
    async giveBack(receipt, seconds) {
      const message = shelf.held(receipt);
      if (message && message.visibleAt > time.now()) shelf.move(message, time.now() + seconds * 1000);
    },
    async quarantine({ receipt }, reason) {
      const message = shelf.held(receipt);
      if (message) shelf.bury(message, reason);
    },
  };
}

/** Buries what was received too often on the way: a real queue, too, notices at the next receive. */
function nextOf(shelf: Shelf, { time, pick, maxReceiveCount }: MemoryQueueOptions): Message | undefined {
  for (let visible = shelf.visible(time.now()); visible > 0; visible--) {
    const message = shelf.order.at(pick?.(visible) ?? 0);
    if (!message || message.receives < maxReceiveCount) return message;
    shelf.bury(message, `received ${message.receives} times`);
  }
  return undefined;
}

function administering(shelf: Shelf, { time }: MemoryQueueOptions): QueueAdmin {
  return {
    async depth() {
      const visible = shelf.visible(time.now());
      return { visible, inFlight: shelf.order.length - visible, dead: shelf.dead.length };
    },
    async oldestSeconds() {
      const sent = Math.min(time.now(), ...[...shelf.live.values()].map(({ sentAt }) => sentAt));
      return Math.floor((time.now() - sent) / 1000);
    },
    async redrive(max) {
      const moved = shelf.dead.splice(0, max);
      for (const { body } of moved) shelf.add(body, time.now());
      return moved.length;
    },
    deadLetters: async (max) => shelf.dead.slice(0, max),
  };
}
