/** What an operator may look at and move beside the table: queues, secrets by name, and (on one machine) caught mails. */
import type { QueueAdmin } from './queue.ts';
import type { Table } from './table.ts';

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

export type TableBackup = {
  /** What a restore is asked with. */
  readonly id: string;
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
  readonly status: 'making' | 'ready' | 'gone';
};

/** Backups that the platform keeps of the table itself. */
export type TableBackups = {
  make(name: string): Promise<TableBackup>;
  /** Newest first. */
  list(): Promise<readonly TableBackup[]>;
  /** Between which instants any second can be restored; null when the platform keeps none. */
  span(): Promise<{ readonly from: number; readonly to: number } | null>;
  /** Begins to fill a new table; never writes to an existing one. From a backup, or as it stood at an instant. */
  restore(from: { readonly id: string } | { readonly at: number }, toTable: string): Promise<void>;
  /** A restored table, to be looked at; null while it is being filled. */
  open(table: string): Promise<Table | null>;
  /** What it alone is called: as `Gauges.marks`. */
  marks(table: string): Promise<readonly string[]>;
  /** What a restore leaves off: recovery to any second, and no deletion by mistake. */
  protect(table: string): Promise<void>;
};

export type Admin = {
  /** By the queue's name in the topology: runs, revenue, work. */
  readonly queues: Readonly<Record<string, QueueAdmin>>;
  readonly secrets: SecretShelf;
  /** null where mails really leave. */
  readonly mails: MailShelf | null;
  /** Absent on one machine, whose backups are folders beside the data. */
  readonly backups?: TableBackups;
};
