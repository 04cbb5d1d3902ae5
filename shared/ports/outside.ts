/** What the domain wishes of the outside world. Interfaces only; kept by aws, embedded and memory. */
import type { AgentSchedule, JsonObject } from '../domain/agent.ts';

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
  }): Promise<{ readonly taskId: string }>;
  stopTask(taskId: string, reason: string): Promise<void>;
  listTasks(family: string): Promise<readonly { readonly taskId: string; readonly status: string }[]>;
};

/** By the name in the topology's `uses`. @throws NovaError misconfigured when there is none. */
export type Secrets = { get(name: string): Promise<string> };

export type HttpResponse = {
  readonly status: number;
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
  readonly notModified: boolean;
};

/** The guarded way out: public addresses only, polite, bounded. @throws NovaError denied, unavailable. */
export type Http = { get(url: string, options?: { readonly timeoutMs?: number }): Promise<HttpResponse> };

export type Log = {
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
};
