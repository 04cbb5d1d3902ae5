/** The embedded platform: every port kept in one data directory by one process. No account, no binary, no network. */

import { randomBytes } from 'node:crypto';
import { anthropic } from '../../shared/connectors/anthropic.ts';
import { guardedHttp } from '../../shared/connectors/guarded-http.ts';
import { gumroadBooks } from '../../shared/connectors/gumroad-api.ts';
import { pager } from '../../shared/connectors/pager.ts';
import { sendgridMailer } from '../../shared/connectors/sendgrid.ts';
import { stripeBooks } from '../../shared/connectors/stripe-api.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { type ChildHost, childHost } from '../../shared/embedded/child-host.ts';
import { eventsFile } from '../../shared/embedded/events-file.ts';
import { openSqliteDb } from '../../shared/embedded/sqlite-db.ts';
import { type SqliteQueue, sqliteQueue } from '../../shared/embedded/sqlite-queue.ts';
import { sqliteTable } from '../../shared/embedded/sqlite-table.ts';
import { openPolicy } from '../../shared/policy/open-policy.ts';
import type { Admin } from '../../shared/ports/admin.ts';
import type { Settings } from '../../shared/ports/settings.ts';
import type { Table } from '../../shared/ports/table.ts';
import type { World } from '../../shared/ports/world.ts';
import { systemTime } from '../../shared/runtime/clock.ts';
import { readOptional } from '../../shared/runtime/env.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { heart } from '../../shared/runtime/heart.ts';
import { systemIds } from '../../shared/runtime/ids.ts';
import type { RevenueMessage, RunMessage, WorkMessage } from '../../shared/wire/messages.ts';
import { type QueueName, queues as queueRows } from '../topology.ts';
import { fileMarks } from './file-marks.ts';
import { fileRoots } from './file-roots.ts';
import { type FileSecrets, fileSecrets } from './file-secrets.ts';
import { type Home, lockHome, ownersAlone } from './home.ts';
import { homeLog } from './home-log.ts';
import { homeSettings, sendsMail } from './home-settings.ts';
import { type MailCatcher, mailCatcher } from './mail-catcher.ts';
import { queueGauges } from './queue-gauges.ts';
import { type Fire, LocalScheduler, type SystemSchedule } from './scheduler/local-scheduler.ts';
import { engineTasks } from './tasks/engine-tasks.ts';
import { realRest } from './tasks/rests.ts';

/** How long a task of this machine has to reach its next checkpoint. */
const TASK_GRACE_MS = 3_000;

export type EmbeddedOptions = {
  /** FULL survives a power cut; NORMAL the death of the process alone. */
  readonly synchronous?: 'FULL' | 'NORMAL';
  readonly maxConcurrentRuns?: number;
  /** Divides lease, heartbeat and visibility, so that a crash test need not wait for minutes. 1 unless told. */
  readonly timeScale?: number;
  /** Divides the visibility of messages alone; as `timeScale` unless told. */
  readonly visibilityScale?: number;
  readonly system?: (settings: Settings) => readonly SystemSchedule[];
  /** Children kept ready when there is nothing to do; 2 unless told. */
  readonly idleChildren?: number;
  /** Stands between the jobs and the table, to count. */
  readonly wrap?: (table: Table) => Table;
};

export type Queues = {
  readonly runs: SqliteQueue<RunMessage>;
  readonly revenue: SqliteQueue<RevenueMessage>;
  readonly work: SqliteQueue<WorkMessage>;
};

export type Embedded = {
  readonly home: Home;
  readonly world: World;
  readonly admin: Admin;
  readonly queues: Queues;
  readonly scheduler: LocalScheduler;
  readonly secrets: FileSecrets;
  readonly mails: MailCatcher;
  readonly children: ChildHost;
  /** Where the front is, once it listens: the links in mails and the catcher's address follow from it. */
  announce(url: string): void;
  /** What a schedule of the system does when it fires; until then it waits. */
  onSystem(run: (target: string) => Promise<void>): void;
  close(): Promise<void>;
};

/**
 * Opens a data directory for this process alone, making it if there is none.
 * @throws NovaError conflict when another engine has it, corrupt when it cannot be read.
 */
export async function openHome(path: string, options: EmbeddedOptions = {}): Promise<Embedded> {
  const home = await lockHome(path);
  try {
    return openLocked(home, options);
  } catch (thrown) {
    home.unlock();
    throw thrown;
  }
}

function openLocked(home: Home, options: EmbeddedOptions): Embedded {
  const scale = options.timeScale ?? 1;
  const settings = homeSettings(home, scale);
  const secrets = fileSecrets(home.file('secrets.json'));
  ownersAlone(home.file('nova.sqlite'));
  const db = openSqliteDb({ path: home.file('nova.sqlite'), synchronous: options.synchronous ?? 'FULL' });
  const stored = sqliteTable(db);
  const table = options.wrap?.(stored) ?? stored;
  const queues = openQueues(db, options.visibilityScale ?? scale);
  const mails = mailCatcher({ folder: home.file('mail'), time: systemTime });
  const log = homeLog(home.file('engine.log'), systemTime);
  const place = { url: null as string | null, run: null as ((target: string) => Promise<void>) | null };
  const url = (): string => place.url ?? notRunning();
  const fire = firing(queues, (target) => (place.run ?? waits)(target));
  const scheduler = new LocalScheduler({
    table,
    time: systemTime,
    fire,
    ...(options.system ? { system: options.system(settings) } : {}),
  });
  const children = childHost({
    ...(options.maxConcurrentRuns ? { maxConcurrentRuns: options.maxConcurrentRuns } : {}),
    ...(options.idleChildren ? { idleChildren: options.idleChildren } : {}),
  });
  const http = guardedHttp({ contact: settings.ownerEmail, ownHosts: ['localhost'] });
  const tasks = engineTasks({
    ...{ time: systemTime, newTaskId: () => randomBytes(16).toString('hex'), graceMs: TASK_GRACE_MS },
    ...{ rest: realRest, work: queues.work },
  });
  const mailer = mailerOf({ secrets, settings, catcher: () => (sendsMail(home) ? null : `${url()}/`) });
  const world: World = {
    ...{ settings, time: systemTime, heart, hashing: systemHashing, ids: systemIds(systemTime), log },
    ...{ table, ...queues, scheduler, secrets, http, mailer, host: children, launcher: tasks.launcher },
    ...vendorsOf(secrets),
    policy: openPolicy(systemTime, readOptional('OPA_URL')),
    ...wordsOf(home, { secrets, queues }),
    publicUrl: async () => url(),
  };
  tasks.open(world);
  return {
    ...{ home, world, queues, scheduler, secrets, mails, children },
    admin: { queues, secrets, mails },
    announce: (announced) => {
      place.url = announced;
    },
    onSystem: (run) => {
      place.run = run;
    },
    async close() {
      await Promise.race([tasks.close(), new Promise((resolve) => setTimeout(resolve, TASK_GRACE_MS).unref())]);
      for (const queue of Object.values(queues)) queue.close();
      db.close();
      await Promise.all([children.close(), http.close()]);
      home.unlock();
    },
  };
}

type Mailing = { readonly secrets: FileSecrets; readonly settings: Settings; catcher(): string | null };

const mailerOf = ({ secrets, settings, catcher }: Mailing): World['mailer'] => ({
  send(mail) {
    const baseUrl = catcher();
    return sendgridMailer({
      apiKey: () => secrets.get('sendgrid-api-key'),
      sender: settings.senderEmail,
      ...(baseUrl ? { baseUrl } : {}),
    }).send(mail);
  },
});

/** Without a key a vendor is not connected; its address is another one in tests alone. */
function vendorsOf(secrets: FileSecrets): Pick<World, 'stripe' | 'gumroad' | 'llm'> {
  const [stripeUrl, gumroadUrl] = [readOptional('NOVA_STRIPE_URL'), readOptional('NOVA_GUMROAD_URL')];
  const anthropicUrl = readOptional('NOVA_ANTHROPIC_URL');
  return {
    stripe: stripeBooks({ secrets, ...(stripeUrl ? { baseUrl: stripeUrl } : {}) }),
    llm: anthropic({ secrets, ...(anthropicUrl ? { baseUrl: anthropicUrl } : {}) }),
    gumroad: gumroadBooks({ secrets, ...(gumroadUrl ? { baseUrl: gumroadUrl } : {}) }),
  };
}

/** Where words go beside mail: alerts, events, roots of the audit trail; and what the platform knows of itself. */
function wordsOf(home: Home, { secrets, queues }: { readonly secrets: FileSecrets; readonly queues: Queues }) {
  return {
    roots: fileRoots(home.file('audit-roots.jsonl'), home.file('audit-newest.json')),
    pager: pager({ secrets, time: systemTime }),
    events: eventsFile(home.file('events.jsonl')),
    gauges: queueGauges(queues, async () => fileMarks(home.file('nova.sqlite'))),
  };
}

function notRunning(): never {
  throw new NovaError('unavailable', 'no engine is running: start one with: nova start');
}

/** Before the engine says what its schedules do, a firing is kept for later. */
const waits = async (): Promise<never> => notRunning();

function openQueues(db: ReturnType<typeof openSqliteDb>, scale: number): Queues {
  const open = <T>(name: QueueName): SqliteQueue<T> => {
    const row = queueRows.find((candidate) => candidate.name === name);
    if (!row) throw new NovaError('broken', `the topology has no queue ${name}`);
    const visibilitySeconds = Math.max(1, row.visibilitySeconds / scale);
    return sqliteQueue<T>({ db, name, time: systemTime, visibilitySeconds, maxReceiveCount: row.maxReceiveCount });
  };
  return { runs: open('runs'), revenue: open('revenue'), work: open('work') };
}

function firing(queues: Queues, system: (target: string) => Promise<void>): Fire {
  return async (target, scheduledFor) => {
    if (target.kind === 'system') return await system(target.target);
    if (target.kind === 'aws') throw new NovaError('broken', `the schedule ${target.name} is not of this engine`);
    const { agentId, instance } = target;
    await queues.runs.send({ v: 1, kind: 'tick', agentId, instance, scheduledFor });
  };
}
