/** What the domain wishes of the outside world. Interfaces only; kept by aws, embedded and memory. */
import type { AgentSchedule, JsonObject } from '../domain/agent.ts';
import type { NovaError } from '../domain/error.ts';
import type { LlmRequest, ToldTokens } from '../domain/llm.ts';
import type { DomainEvent } from '../wire/events.ts';

export type Mail = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The provider's own metadata; the same key may be sent twice after a crash. */
  readonly dedupKey: string;
};

export type Mailer = { send(mail: Mail): Promise<void> };

/** One schedule per agent instance. `put` creates or replaces; both are idempotent. */
export type WantedSchedule = {
  readonly name: string;
  readonly agentId: string;
  readonly instance: number;
  readonly schedule: AgentSchedule;
  /** Ticks are spread over this window after their time; 0 means none. */
  readonly flexibleMinutes: number;
};

export type Scheduler = {
  put(schedule: WantedSchedule): Promise<void>;
  delete(name: string): Promise<void>;
  /** All schedules of an agent, as they are. */
  list(agentId: string): Promise<readonly WantedSchedule[]>;
};

/** Long or GPU work. */
export type Launcher = {
  runTask(task: {
    readonly clientToken: string;
    readonly family: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly size?: TaskSize;
  }): Promise<Placed>;
  stopTask(taskId: string, reason: string): Promise<void>;
  /** All that have not stopped: also those on their way out. A task that was just started may be missing. */
  listTasks(family: string): Promise<readonly LaunchedTask[]>;
};

/** 1,024 CPU units are one processor. */
export type TaskSize = {
  readonly cpuUnits: number;
  readonly memoryMb: number;
  readonly gpus: number;
  readonly spot: boolean;
};

/** null: nothing was placed, for this reason, and nothing will be. */
export type Placed =
  | { readonly taskId: string; readonly reason: '' }
  | { readonly taskId: null; readonly reason: string };

export type LaunchedTask = {
  readonly taskId: string;
  readonly status: string;
  /** It was asked to stop, or is stopping by itself. */
  readonly stopping: boolean;
  /** Epoch milliseconds since when; null while it is not stopping, or when nobody says. */
  readonly stoppingAt: number | null;
  readonly createdAt: number;
  /** What it was told beside its family's own. */
  readonly environment: Readonly<Record<string, string>>;
};

/** By the name in the topology's `uses`. @throws NovaError misconfigured when there is none. */
export type Secrets = {
  get(name: string): Promise<string>;
  /** Where values are remembered: reads one anew, for whoever was told that it is wrong. At most every 30 s. */
  refresh?(name: string): Promise<string>;
};

/** Where the root of each day is kept, beyond the reach of whoever can write the table. */
export type Roots = {
  /** Kept once: a second root of the same UTC date ('YYYY-MM-DD') changes nothing. */
  keep(date: string, text: string): Promise<void>;
  /** The texts of this date and later ones, in order. */
  since(date: string): Promise<readonly string[]>;
  /** Where it costs nothing: the newest anchor, written over each time, so that a step back of minutes is seen. */
  note?(text: string): Promise<void>;
  noted?(): Promise<string | null>;
};

/** One telling of an alert over a way that is not mail. `id` is the same when it is told again after a crash. */
export type PageOut = {
  readonly id: string;
  readonly kind: 'slack' | 'sms' | 'webhook';
  /** The name of the secret: a URL, a token, a signing key. */
  readonly secret: string;
  readonly to: string;
  readonly account: string;
  readonly from: string;
  /** Of a webhook: it may be in the owner's own network. */
  readonly inside: boolean;
  readonly subject: string;
  readonly text: string;
  readonly event: DomainEvent;
};

/** @throws NovaError unavailable (tried again), misconfigured or bad_input (never works until somebody mends it). */
export type Pager = { page(page: PageOut): Promise<void> };

/** The bus of the stage: changes, never runs. At least once; receivers know an event by its id. @throws NovaError. */
export type Events = { put(event: DomainEvent): Promise<void> };

export type QueueGauge = {
  readonly name: string;
  readonly visible: number;
  readonly dead: number;
  readonly oldestSeconds: number;
  /** Why the first dead letter is one. */
  readonly reason: string;
};

/** What the platform knows of itself; null where something else watches it. */
export type Gauges = {
  queues(): Promise<readonly QueueGauge[] | null>;
  /** What only this table is called, and no copy of it: one mark that stays is enough. Empty where nothing tells them apart. */
  marks(): Promise<readonly string[]>;
};

export type HttpResponse = {
  readonly status: number;
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
  readonly notModified: boolean;
};

/** The guarded way out: public addresses only, polite, bounded. @throws NovaError denied, unavailable. */
export type Http = { get(url: string, options?: { readonly timeoutMs?: number }): Promise<HttpResponse> };

export type LlmReply =
  | { readonly kind: 'answered'; readonly text: string; readonly stop: string; readonly told: ToldTokens }
  /** The vendor did not begin: nothing was used. */
  | { readonly kind: 'refused'; readonly error: NovaError };

/** Models of vendors. */
export type Llm = {
  /** Before anything is marked. @throws NovaError misconfigured without a key, unsupported for a model nobody has. */
  open(model: string): Promise<LlmCall>;
};
/** Asks once, and never again by itself. Rejects when nobody knows whether the vendor began. */
export type LlmCall = (request: LlmRequest, options: { readonly timeoutMs: number }) => Promise<LlmReply>;

export type Log = {
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
};
