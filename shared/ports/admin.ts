/** What an operator may look at and move beside the table: queues, secrets by name, and (on one machine) caught mails. */
import type { QueueAdmin } from './queue.ts';

/** Values go in and never come out: a list has names and ages only. */
export type SecretShelf = {
  set(name: string, value: string): Promise<void>;
  list(): Promise<readonly { readonly name: string; readonly updatedAt: number }[]>;
};

export type CaughtMail = {
  readonly id: string;
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** Mails that were caught instead of sent, newest first. */
export type MailShelf = {
  list(limit: number): Promise<readonly CaughtMail[]>;
  get(id: string): Promise<CaughtMail | null>;
};

export type Admin = {
  /** By the queue's name in the topology: runs, revenue, work. */
  readonly queues: Readonly<Record<string, QueueAdmin>>;
  readonly secrets: SecretShelf;
  /** null where mails really leave. */
  readonly mails: MailShelf | null;
};
