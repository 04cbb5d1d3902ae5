/** The platform under the real jobs: table, queues, ECS, schedules, mail and secrets, every call of which waits for a turn. */
import { grantedTable } from '../../../infra/local/granted.ts';
import { queueGauges } from '../../../infra/local/queue-gauges.ts';
import { type FunctionRow, type QueueName, queues as queueRows, tasks as taskRows } from '../../../infra/topology.ts';
import { CachedSecrets } from '../../../shared/aws/cached-secrets.ts';
import { withFreshSecret } from '../../../shared/connectors/fresh-secret.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { type Clock, stillClock } from '../../../shared/memory/clock.ts';
import type { Dice } from '../../../shared/memory/dice.ts';
import { type MemoryQueue, memoryQueue } from '../../../shared/memory/memory-queue.ts';
import { memoryRoots } from '../../../shared/memory/memory-roots.ts';
import { noGumroad, noStripe } from '../../../shared/memory/no-books.ts';
import { noLlm } from '../../../shared/memory/no-llm.ts';
import { seededIds } from '../../../shared/memory/seeded-ids.ts';
import { openPolicy } from '../../../shared/policy/open-policy.ts';
import type { Mail, WantedSchedule } from '../../../shared/ports/outside.ts';
import type { Queue } from '../../../shared/ports/queue.ts';
import type { Settings } from '../../../shared/ports/settings.ts';
import type { Item, Page, Query, Table } from '../../../shared/ports/table.ts';
import type { World } from '../../../shared/ports/world.ts';
import { systemHashing } from '../../../shared/runtime/hashing.ts';
import type { RevenueMessage, RunMessage, WorkMessage } from '../../../shared/wire/messages.ts';
import { Books } from '../books.ts';
import { SimTable } from '../sim-table.ts';
import { DEPARTMENTS, HOLDS_OF } from './cast.ts';
import { Cluster, type Task } from './cluster.ts';
import { type About, type Machine, Machines } from './machines.ts';
import { scriptedHost } from './script.ts';
import type { Wrong } from './wrong.ts';

/** Ten to midnight on a Saturday; a day in which a clock is set back is another story's. */
export const START = Date.UTC(2026, 9, 31, 23, 30);
const SETTINGS: Settings = {
  ...{ stage: 'test', timezone: 'America/New_York', currency: 'USD' },
  ...{ ownerEmail: 'owner@example.com', senderEmail: 'nova@example.com' },
  ...{ computeNanosPerSecond: 3333, leaseSeconds: 60, heartbeatSeconds: 20 },
};
export const PUBLIC_URL = 'https://nova.example.com/prod';

/** Rules have no state, and a verdict depends on what is asked alone: all histories share one engine. */
const policy = openPolicy({ now: () => 0 });
const QUESTION = {
  subject: { id: 'nobody', kind: 'system' },
  action: 'nothing',
  resource: { kind: 'agent' },
  attributes: {},
};
// Loaded before the first history: how long loading takes must not decide who goes first.
await Promise.all([
  policy.evaluate(QUESTION as never, { settings: { version: 0 } as never, rules: null }),
  import('../../../shared/jobs/launch-run.ts'),
  import('../../../shared/jobs/watch-tasks.ts'),
  import('../../../shared/jobs/task-stopped.ts'),
]);

/** What a function's instance keeps between two invocations: its world, with all that stores remember by its table. */
export type Sandbox = { readonly kind: string; readonly world: World; machine: Machine };

export class Cloud {
  readonly clock: Clock = stillClock(START);
  readonly throws: Dice;
  readonly wrong: Wrong;
  readonly machines: Machines;
  readonly cluster: Cluster;
  readonly queues: {
    readonly runs: MemoryQueue<RunMessage>;
    readonly revenue: MemoryQueue<RevenueMessage>;
    readonly work: MemoryQueue<WorkMessage>;
  };
  readonly schedules = new Map<string, WantedSchedule>();
  readonly mails: Mail[] = [];
  readonly errors: string[] = [];
  readonly keys = { mail: 'key-1' };
  readonly notes: { lastMailAt: number | null } = { lastMailAt: null };
  readonly sent: { readonly queue: QueueName; readonly message: RunMessage | RevenueMessage | WorkMessage }[] = [];
  /** Nothing fails: whoever reads is answered at once. */
  hasty = false;
  /** Something happened that never may. */
  trouble: (problem: string) => void = () => {};
  table = new SimTable();
  books: Books;
  /** The next so many calls to the mail service fail. */
  mailDown = 0;
  /** What the next receive takes: the oldest message, or any. */
  disorder = false;
  /** Calls to the mail service with a key that is no longer right. */
  refusedKeys = 0;
  /** What stands still as a whole. */
  readonly down = new Set<About['port']>();
  /** What the index showed when it was asked last, by its partition. */
  readonly shown = new Map<string, Page>();
  /** What limits, budgets and the policy were before their last change, by key. */
  readonly was = new Map<string, Item>();
  /** From which of its paid calls each attempt went on, in order. */
  readonly begun: { readonly run: string; readonly first: number; readonly at: number }[] = [];
  readonly #ids;
  readonly #pool: Sandbox[] = [];
  #boot: (task: Task) => Promise<Machine> = () => Promise.reject(new RangeError('nobody starts tasks yet'));

  constructor(seed: number, throws: Dice, wrong: Wrong) {
    this.throws = throws;
    this.wrong = wrong;
    this.machines = new Machines(this.clock, throws);
    this.#ids = seededIds(seed, this.clock);
    this.queues = { runs: this.#open('runs'), revenue: this.#open('revenue'), work: this.#open('work') };
    this.books = new Books(DEPARTMENTS, HOLDS_OF);
    this.cluster = new Cluster({
      ...{ clock: this.clock, machines: this.machines, boot: (task) => this.#boot(task) },
      trouble: (problem) => this.trouble(problem),
      tell: (event, delaySeconds) => void this.queues.work.send(event as WorkMessage, { delaySeconds }),
    });
  }

  onBoot(boot: (task: Task) => Promise<Machine>): void {
    this.#boot = boot;
  }

  #open<T>(name: QueueName): MemoryQueue<T> {
    const row = queueRows.find((one) => one.name === name);
    const { visibilitySeconds = 60, maxReceiveCount = 10 } = this.wrong.hidesLong
      ? { ...row, visibilitySeconds: 1_800 }
      : { ...row };
    const pick = (visible: number): number => (this.disorder ? this.throws.below(visible) : 0);
    return memoryQueue<T>({ name, time: this.clock, visibilitySeconds, maxReceiveCount, pick });
  }

  /** A warm instance of the function where one is free, else a new one. Whatever is started with it is its machine. */
  sandbox(kind: string): Sandbox {
    const free = this.#pool.find((one) => one.kind === kind && !one.machine.busy && !one.machine.dead);
    if (free) return free;
    const nobody: Machine = {
      ...{ id: 0, kind, skewMs: 0, busy: false, dead: false, frozenUntil: 0, mute: false, onDeath: () => {} },
    };
    const box: { -readonly [part in keyof Sandbox]: Sandbox[part] } = {
      ...{ kind, machine: nobody, world: {} as World },
    };
    box.world = this.#worldIn(box);
    this.#pool.push(box);
    return box;
  }

  /** A machine that does this in a sandbox of its kind. */
  async start(kind: string, work: (world: World, machine: Machine) => Promise<unknown>, skewMs = 0): Promise<Machine> {
    const box = this.sandbox(kind);
    return await this.machines.start(kind, skewMs, (machine) => {
      box.machine = machine;
      return work(box.world, machine);
    });
  }

  /** All sandboxes are gone, and whatever they remembered. */
  forget(): void {
    this.#pool.length = 0;
  }

  #worldIn(box: Sandbox): World {
    const ask = <T>(about: About, perform: () => T, waitMs = 0): Promise<T> =>
      this.machines.ask(box.machine, about, perform, waitMs);
    const { clock, machines } = this;
    const time = { now: () => clock.now() + box.machine.skewMs };
    const cached = new CachedSecrets(
      (name) => ask({ port: 'secrets' }, () => (name === 'sendgrid-api-key' ? this.keys.mail : `secret of ${name}`)),
      time,
    );
    const secrets = this.wrong.staleSecrets ? { get: (name: string) => cached.get(name) } : cached;
    const queue = <T>(name: QueueName): Queue<T> => ({
      send: (message, options) =>
        ask({ port: 'queue', verb: 'send', queue: name }, () => this.send(name, message as RunMessage, options)),
      sendMany: (messages) =>
        ask({ port: 'queue', verb: 'send', queue: name }, () => {
          for (const message of messages) this.send(name, message as RunMessage);
        }),
    });
    const task = taskRows.find(({ name }) => name === box.kind);
    const table = this.#tableOf(ask);
    return {
      ...{ settings: SETTINGS, time, ids: this.#ids, hashing: systemHashing, policy, roots: memoryRoots() },
      table: task ? grantedTable(table, task as unknown as FunctionRow) : table,
      publicUrl: async () => PUBLIC_URL,
      heart: { every: (everyMs, beat) => machines.heart(box.machine, everyMs, beat) },
      log: {
        info() {},
        warn() {},
        error: (what, fields) => void this.errors.push(`${what} ${JSON.stringify(fields)}`),
      },
      ...{ runs: queue('runs'), revenue: queue('revenue'), work: queue('work') },
      scheduler: {
        put: (schedule) => ask({ port: 'scheduler' }, () => void this.schedules.set(schedule.name, schedule)),
        delete: (name) => ask({ port: 'scheduler' }, () => void this.schedules.delete(name)),
        list: (agentId) =>
          ask({ port: 'scheduler' }, () => [...this.schedules.values()].filter((one) => one.agentId === agentId)),
      },
      launcher: this.wrong.launcher?.(this.#launcherOf(ask)) ?? this.#launcherOf(ask),
      mailer: {
        send: (mail) =>
          withFreshSecret(secrets, { names: ['sendgrid-api-key'], refusal: 'misconfigured' }, async () => {
            const key = await secrets.get('sendgrid-api-key');
            await ask({ port: 'mailer' }, () => this.#mail(mail, key));
          }),
      },
      pager: { page: () => ask({ port: 'mailer' }, () => undefined) },
      events: { put: () => ask({ port: 'mailer' }, () => undefined) },
      gauges: queueGauges(this.queues),
      secrets,
      host: scriptedHost({
        ...{ machines, machine: () => box.machine, books: () => this.books },
        begins: (run, first) => void this.begun.push({ run, first, at: clock.now() }),
      }),
      http: { get: () => Promise.reject(new NovaError('unavailable', 'no way out')) },
      ...{ llm: noLlm, stripe: noStripe, gumroad: noGumroad },
    };
  }

  #tableOf(ask: <T>(about: About, perform: () => T) => Promise<T>): Table {
    const at = () => this.wrong.spoil?.(this.table) ?? this.table;
    const now = async <T>(perform: () => T): Promise<T> => perform();
    return {
      get: (key) =>
        this.hasty
          ? now(() => at().get(key))
          : ask({ port: 'table', call: { method: 'get', key } }, () => at().get(key)),
      query: (query) => {
        if (!query.index && this.table.isEmpty(query.pk)) return Promise.resolve({ items: [], cursor: null });
        const perform = (): Page => this.#show(query, at().query(query));
        return this.hasty ? now(perform) : ask({ port: 'table', call: { method: 'query', query } }, perform);
      },
      write: (op) => ask({ port: 'table', call: { method: 'write', op } }, () => at().write(op)),
      transact: (ops) => ask({ port: 'table', call: { method: 'transact', ops } }, () => at().transact(ops)),
    };
  }

  #show(query: Query, page: Page): Page {
    if (query.index) this.shown.set(query.pk, page);
    return page;
  }

  #launcherOf(ask: <T>(about: About, perform: () => T) => Promise<T>): World['launcher'] {
    return {
      runTask: (task) => ask({ port: 'launcher', verb: 'run', task }, () => this.cluster.run(task)),
      stopTask: (taskId, reason) => ask({ port: 'launcher', verb: 'stop' }, () => this.cluster.stop(taskId, reason)),
      listTasks: (family) => ask({ port: 'launcher', verb: 'list' }, () => this.cluster.list(family)),
    };
  }

  send(
    name: QueueName,
    message: RunMessage | RevenueMessage | WorkMessage,
    options: { delaySeconds?: number } = {},
  ): void {
    this.sent.push({ queue: name, message });
    void (this.queues[name] as Queue<unknown>).send(this.wrong.message?.(message) ?? message, options);
  }

  #mail(mail: Mail, key: string): void {
    if (key !== this.keys.mail) {
      this.refusedKeys++;
      throw new NovaError('misconfigured', 'the mail service refuses the key');
    }
    if (this.mailDown > 0) {
      this.mailDown--;
      throw new NovaError('unavailable', 'the mail service does not answer');
    }
    this.notes.lastMailAt = this.clock.now();
    this.mails.push(mail);
  }
}
