/**
 * An SQS on this machine: fauxqs in this process. Its own start would listen on every interface and has two holes in its
 * durability, so it is put together here from its parts: bound to this machine alone, with the holes mended.
 */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { NovaError } from '../../../shared/domain/error.ts';
import { type GroupCommit, groupCommit } from './group-commit.ts';

export type LocalSqsOptions = {
  /** The package's folder. */
  readonly folder: string;
  /** Where it keeps its messages; in memory without one. */
  readonly dataFolder?: string;
  /** FULL survives a power cut; NORMAL the death of the process alone. */
  readonly synchronous?: 'FULL' | 'NORMAL';
};

export type QueueShape = {
  readonly name: string;
  readonly visibilitySeconds?: number;
  readonly retentionDays: number;
  readonly deadLetters?: { readonly name: string; readonly maxReceiveCount: number };
};

export type LocalSqs = {
  readonly endpoint: string;
  url(name: string): string;
  arn(name: string): string;
  /** Makes the queue, or makes an older one what it should be. Dead-letter queues come first. */
  ensure(shape: QueueShape): void;
  /** The package brings an S3 as well: the bucket for the roots of the audit trail. */
  ensureBucket(name: string): void;
  /** Shows every message that somebody holds: for whoever knows that all of them are dead. */
  releaseAll(): void;
  stop(): Promise<void>;
};

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';

/** The parts of fauxqs 2.4.1 that are used, as far as they are. */
type FauxQueue = {
  readonly inflightMessages: ReadonlyMap<string, unknown>;
  persistence?: Persistence;
  setAttributes(attributes: Readonly<Record<string, string>>): void;
  changeVisibility(receipt: string, seconds: number): void;
};
type FauxStore = {
  persistence?: Persistence;
  region: string;
  createQueue(name: string, url: string, arn: string, attributes: Readonly<Record<string, string>>): FauxQueue;
  getQueueByName(name: string): FauxQueue | undefined;
  allQueues(): Iterable<FauxQueue>;
};
type FauxBuckets = { persistence?: Persistence; createBucket(name: string): void };
type FauxMessage = { readonly messageId: string };
type Persistence = {
  readonly db: DatabaseSync;
  insertMessage(queue: string, message: FauxMessage): void;
  deleteMessage(id: string): void;
  updateMessageInflight(id: string, ...held: readonly (string | number | undefined)[]): void;
  updateMessageReady(id: string): void;
  transaction(work: () => void): void;
  load(sqs: FauxStore, sns: object, s3: FauxBuckets): void;
  close(): void;
};
type App = {
  addHook(name: 'onSend', hook: (request: object, reply: object, payload: unknown) => Promise<unknown>): void;
  listen(at: { port: number; host: string }): Promise<string>;
  close(): Promise<void>;
};
type Faux = {
  buildApp(options: { logger: boolean; stores: { sqsStore: FauxStore; snsStore: object; s3Store: FauxBuckets } }): App;
  SqsStore: new () => FauxStore;
  SnsStore: new () => object;
  S3Store: new () => FauxBuckets;
  PersistenceManager: new (folder: string) => Persistence;
};

/** @throws NovaError misconfigured when the package is not the one this was made for. */
export async function startLocalSqs(options: LocalSqsOptions): Promise<LocalSqs> {
  const faux = await loadFaux(options.folder);
  const store = new faux.SqsStore();
  const stores = { sqsStore: store, snsStore: new faux.SnsStore(), s3Store: new faux.S3Store() };
  store.region = REGION;
  const persistence = options.dataFolder ? new faux.PersistenceManager(options.dataFolder) : null;
  const group = persistence && groupCommit(persistence.db);
  if (persistence && group) {
    mend(persistence, group);
    persistence.db.exec(`PRAGMA synchronous = ${options.synchronous ?? 'FULL'}`);
    // Loading writes nothing, so what it loads learns of the database afterwards.
    persistence.load(store, stores.snsStore, stores.s3Store);
    store.persistence = persistence;
    for (const queue of store.allQueues()) queue.persistence = persistence;
    stores.s3Store.persistence = persistence;
  }
  const app = faux.buildApp({ logger: false, stores });
  // Answered when durable.
  if (group) app.addHook('onSend', (_request, _reply, payload) => group.settled().then(() => payload));
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    endpoint,
    ...queuesOf(store, endpoint),
    ensureBucket: (name) => stores.s3Store.createBucket(name),
    async stop() {
      await app.close();
      group?.flush();
      persistence?.close();
    },
  };
}

function queuesOf(store: FauxStore, endpoint: string): Pick<LocalSqs, 'url' | 'arn' | 'ensure' | 'releaseAll'> {
  const url = (name: string): string => `${endpoint}/${ACCOUNT}/${name}`;
  const arn = (name: string): string => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
  return {
    url,
    arn,
    ensure(shape) {
      const attributes = attributesOf(shape, arn);
      const found = store.getQueueByName(shape.name);
      if (found) found.setAttributes(attributes);
      else store.createQueue(shape.name, url(shape.name), arn(shape.name), attributes);
    },
    releaseAll() {
      for (const queue of store.allQueues()) {
        for (const receipt of [...queue.inflightMessages.keys()]) queue.changeVisibility(receipt, 0);
      }
    },
  };
}

function attributesOf({ visibilitySeconds, retentionDays, deadLetters }: QueueShape, arn: (name: string) => string) {
  return {
    MessageRetentionPeriod: String(retentionDays * 86_400),
    ReceiveMessageWaitTimeSeconds: '20',
    ...(visibilitySeconds === undefined ? {} : { VisibilityTimeout: String(visibilitySeconds) }),
    ...(deadLetters && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: arn(deadLetters.name),
        maxReceiveCount: deadLetters.maxReceiveCount,
      }),
    }),
  };
}

const MODULES = ['app.js', 'sqs/sqsStore.js', 'sns/snsStore.js', 's3/s3Store.js', 'persistence.js'] as const;
const NAMES = ['buildApp', 'SqsStore', 'SnsStore', 'S3Store', 'PersistenceManager'] as const;

async function loadFaux(folder: string): Promise<Faux> {
  const url = (name: string): string => pathToFileURL(join(folder, 'dist', name)).href;
  try {
    const modules = await Promise.all(MODULES.map((name) => import(url(name)) as Promise<object>));
    const all = Object.assign({}, ...modules) as Partial<Faux>;
    const missing = NAMES.filter((name) => typeof all[name] !== 'function');
    if (missing.length > 0) throw new Error(`no ${missing.join(', ')}`);
    return all as Faux;
  } catch (cause) {
    throw new NovaError('misconfigured', `fauxqs in ${folder} is not version 2.4.1: ${String(cause)}`, { cause });
  }
}

/**
 * Two mends, and one commit for what comes together. A message given back at once was to be written with no receive
 * count, which its table refuses: it was gone until the next start. And a move to the dead letters was a delete and an
 * insert, each committed for itself: a death between them lost the message. In one group there is nothing between them.
 */
function mend(persistence: Persistence, group: GroupCommit): void {
  const ready = persistence.db.prepare(
    'UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL, delay_until = NULL WHERE message_id = ?',
  );
  const insert = persistence.insertMessage.bind(persistence);
  const remove = persistence.deleteMessage.bind(persistence);
  const hold = persistence.updateMessageInflight.bind(persistence);
  const transaction = persistence.transaction.bind(persistence);
  Object.assign(persistence, {
    insertMessage(queue: string, message: FauxMessage): void {
      group.begin();
      insert(queue, message);
    },
    deleteMessage(id: string): void {
      group.begin();
      remove(id);
    },
    updateMessageInflight(...held: Parameters<Persistence['updateMessageInflight']>): void {
      group.begin();
      hold(...held);
    },
    updateMessageReady(id: string): void {
      group.begin();
      ready.run(id);
    },
    transaction(work: () => void): void {
      group.flush();
      transaction(work);
    },
  });
}
