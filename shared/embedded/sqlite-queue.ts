/** The queue in SQLite: same file and same group commit as the table. One process receives; nobody polls. */
import type { StatementSync } from 'node:sqlite';
import type { DeadLetter, Delivery, Inbox, Queue, QueueAdmin, QueueDepth } from '../ports/queue.ts';
import type { Time } from '../ports/time.ts';
import { type Doorbell, doorbell } from './doorbell.ts';
import type { SqliteDb } from './sqlite-db.ts';

export type SqliteQueueOptions = {
  readonly db: SqliteDb;
  readonly name: string;
  readonly time: Time;
  readonly visibilitySeconds: number;
  /** Deliveries of one message before it is a dead letter. */
  readonly maxReceiveCount: number;
  /** Called whenever a message may have become visible, also by the passing of time. */
  readonly wake?: () => void;
};

export type SqliteQueue<T> = Queue<T> &
  Inbox &
  QueueAdmin & {
    readonly name: string;
    /** Makes every received message visible at once: for the start of an engine, when all who held one are dead. */
    releaseAll(): Promise<number>;
    /** Ends waiting receives and timers. */
    close(): void;
  };

type Row = readonly [id: number, body: string, receives: number];
type Parts = SqliteQueueOptions & { readonly sql: (text: string) => StatementSync; readonly ring: () => void };

/** Receivers that wait are woken by sends of this process and by a timer for what becomes visible later. */
export function sqliteQueue<T>(options: SqliteQueueOptions): SqliteQueue<T> {
  const { db, name, time } = options;
  const sql = db.statement;
  const nextVisibleAt = (): number | null => {
    const row = sql('SELECT visible_at FROM messages WHERE queue = ? ORDER BY visible_at, id LIMIT 1').get(name);
    return row ? columns<[number]>(row)[0] : null;
  };
  const bell = doorbell({ time, nextAt: nextVisibleAt, ...(options.wake && { wake: options.wake }) });
  const parts: Parts = { ...options, sql, ring: bell.ring };
  return {
    name,
    ...sending<T>(parts),
    ...receiving(parts, bell),
    ...administering(parts),
    releaseAll: () =>
      ringing(parts, () => {
        const text = 'UPDATE messages SET visible_at = ?, held = 0 WHERE queue = ? AND held = 1 AND visible_at > ?';
        return Number(sql(text).run(time.now(), name, time.now()).changes);
      }),
    close: bell.close,
  };
}

/** Rows come as arrays, whatever the type of `get` says. */
const columns = <R extends readonly unknown[]>(row: object): R => row as unknown as R;

async function ringing<R>({ db, ring }: Parts, write: () => R): Promise<R> {
  const result = await db.ask(write);
  ring();
  return result;
}

function insert({ sql, name }: Parts, body: string, visibleAt: number): void {
  const text = 'INSERT INTO messages (queue, body, visible_at, receives, held) VALUES (?, ?, ?, 0, 0)';
  sql(text).run(name, body, visibleAt);
}

function sending<T>(parts: Parts): Queue<T> {
  return {
    send(message, { delaySeconds = 0 } = {}) {
      const body = JSON.stringify(message);
      return ringing(parts, () => insert(parts, body, parts.time.now() + delaySeconds * 1000));
    },
    async sendMany(messages) {
      if (messages.length === 0) return;
      const bodies = messages.map((message) => JSON.stringify(message));
      await ringing(parts, () => {
        for (const body of bodies) insert(parts, body, parts.time.now());
      });
    },
  };
}

function receiving(parts: Parts, bell: Doorbell): Inbox {
  const { db, sql, name, time } = parts;
  return {
    async receive({ max, waitSeconds }) {
      const end = time.now() + waitSeconds * 1000;
      for (;;) {
        const deliveries = await db.ask(() => take(parts, max));
        if (deliveries.length < max) bell.arm();
        const left = (end - time.now()) / 1000;
        if (deliveries.length > 0 || left <= 0 || !(await bell.wait(left))) return deliveries;
      }
    },
    delete: (receipt) =>
      db.ask(() => {
        sql('DELETE FROM messages WHERE id = ? AND receives = ? AND queue = ?').run(...partsOf(receipt), name);
      }),
    giveBack: (receipt, seconds) =>
      ringing(parts, () => {
        const text =
          'UPDATE messages SET visible_at = ?, held = 0 WHERE id = ? AND receives = ? AND queue = ? AND visible_at > ?';
        sql(text).run(time.now() + seconds * 1000, ...partsOf(receipt), name, time.now());
      }),
    quarantine: ({ receipt }, reason) =>
      db.ask(() => {
        const [id, receives] = partsOf(receipt);
        const text = 'SELECT id, body, receives FROM messages WHERE id = ? AND receives = ? AND queue = ?';
        const row = sql(text).get(id, receives, name);
        if (row) bury(parts, columns<Row>(row), reason);
      }),
  };
}

/** A receipt names one delivery: the next delivery of the message makes it void. */
function partsOf(receipt: string): [id: number, receives: number] {
  const [id, receives] = receipt.split('.').map(Number);
  return [id || 0, receives || 0];
}

/** Received too often: buried on the way, when it would have been received once more. */
function take(parts: Parts, max: number): Delivery[] {
  const { sql, name, time, maxReceiveCount } = parts;
  const now = time.now();
  const text =
    'SELECT id, body, receives FROM messages WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT ?';
  const deliveries: Delivery[] = [];
  for (let dead = -1; dead !== 0 && deliveries.length < max; ) {
    dead = 0;
    for (const row of sql(text).all(name, now, max - deliveries.length)) {
      const [id, body, receives] = columns<Row>(row);
      if (receives >= maxReceiveCount) {
        bury(parts, [id, body, receives], `received ${receives} times`);
        dead++;
        continue;
      }
      const receiveCount = receives + 1;
      const hold = 'UPDATE messages SET visible_at = ?, receives = ?, held = 1 WHERE id = ?';
      sql(hold).run(now + parts.visibilitySeconds * 1000, receiveCount, id);
      deliveries.push({ id: String(id), receipt: `${id}.${receiveCount}`, body, receiveCount });
    }
  }
  return deliveries;
}

function bury({ sql, name, time }: Parts, [id, body, receives]: Row, reason: string): void {
  sql('DELETE FROM messages WHERE id = ?').run(id);
  const text = 'INSERT INTO dead_letters (queue, body, receives, reason, died_at) VALUES (?, ?, ?, ?, ?)';
  sql(text).run(name, body, receives, reason, time.now());
}

function administering(parts: Parts): QueueAdmin {
  const { sql, name, time } = parts;
  const dead = 'SELECT id, body, reason FROM dead_letters WHERE queue = ? ORDER BY id LIMIT ?';
  return {
    async depth(): Promise<QueueDepth> {
      const text = `SELECT count(*) FILTER (WHERE visible_at <= ?), count(*),
        (SELECT count(*) FROM dead_letters WHERE queue = ?) FROM messages WHERE queue = ?`;
      const [visible, all, buried] = columns<[number, number, number]>(
        sql(text).get(time.now(), name, name) ?? [0, 0, 0],
      );
      return { visible, inFlight: all - visible, dead: buried };
    },
    /** Of those that wait for a receiver: whatever is given back begins to wait anew. */
    async oldestSeconds() {
      const text = 'SELECT min(visible_at) FROM messages WHERE queue = ? AND visible_at <= ?';
      const [since] = columns<[number | null]>(sql(text).get(name, time.now()) ?? [null]);
      return since === null ? 0 : Math.floor((time.now() - since) / 1000);
    },
    redrive: (max) =>
      ringing(parts, () => {
        const rows = sql(dead)
          .all(name, max)
          .map(columns<[number, string, string]>);
        for (const [id, body] of rows) {
          insert(parts, body, time.now());
          sql('DELETE FROM dead_letters WHERE id = ?').run(id);
        }
        return rows.length;
      }),
    async deadLetters(max): Promise<DeadLetter[]> {
      const rows = sql(dead)
        .all(name, max)
        .map(columns<[number, string, string]>);
      return rows.map(([id, body, reason]) => ({ id: String(id), body, reason }));
    },
  };
}
