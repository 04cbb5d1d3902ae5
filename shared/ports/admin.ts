/** What an operator may look at and move beside the table: queues, secrets by name, and (on one machine) caught mails. */
import type { QueueAdmin } from './queue.ts';

/** Values go in and never come out. */
export type SecretShelf = {
  set(name: string, value: string): Promise<void>;
  names(): Promise<readonly string[]>;
};

export type CaughtMail = {
  readonly id: string;
  readonly at: number;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** Mails that were caught instead of sent. */
export type MailShelf = {
  /** Oldest first. */
  list(): Promise<readonly CaughtMail[]>;
  show(id: string): Promise<CaughtMail | null>;
};

export type Admin = {
  /** By the queue's name in the topology: runs, revenue, work. */
  readonly queues: Readonly<Record<string, QueueAdmin>>;
  readonly secrets: SecretShelf;
  /** null where mails really leave. */
  readonly mails: MailShelf | null;
};
