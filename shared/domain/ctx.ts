/** What a blueprint sees of the world, and nothing else. The wire form is in shared/wire/ctx.ts. */
import type { Json, JsonObject } from './agent.ts';
import type { LlmAnswer, LlmRequest } from './llm.ts';
import type { Tool, ToolUse } from './tool.ts';

/** The result of a paid call: what it cost, in micro-USD, at most the bound that was marked for it. */
export type Spent<T> = { readonly costMicros: number; readonly value: T };

/**
 * What a paid call is asked (a prompt, an order), so that paying for the same thing again and again is seen; and the line
 * of the receipt that it belongs to: `paid_calls`, or up to 40 lower-case letters, digits, dots and dashes.
 */
export type CallAbout = string | { readonly asks?: string; readonly item?: string };

export type FetchedPage = {
  readonly status: number;
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
};

/** A no of a person. `reason` is empty when none was given. */
export type Rejection = { readonly title: string; readonly reason: string; readonly at: number };

export type RunContext = {
  readonly agentId: string;
  readonly runId: string;
  /** Scaled agents share work by number of count. */
  readonly instance: { readonly number: number; readonly count: number };
  /** Epoch milliseconds by which the run must have ended. */
  readonly deadline: number;
  readonly attempt: number;
  /** How many runs this instance has closed before this one: what a scripted or rotating agent counts by. */
  readonly sequence: number;
  now(): number;
  /**
   * Draws on the run's hold: marks `boundMicros` durably, then makes the call, then books what it really cost.
   * `about` tells what the call is asked, and how its line of the receipt is called.
   * @throws NovaError budget_reached when the hold has less left than the bound; the call is not made.
   */
  spend<T>(boundMicros: number, call: () => Promise<Spent<T>>, about?: CallAbout): Promise<T>;
  /**
   * Asks a model, at the prices of the table: marks the most it may cost in dollars and tokens, asks once, books what
   * the vendor says was used (what it leaves out counts as reserved). The key stays with the host.
   * @throws NovaError budget_reached when it does not fit; unpriced or misconfigured (no key) before anything is spent;
   * bad_input or unavailable when the vendor refuses (nothing is booked) or does not answer (the bound is).
   */
  llm(request: LlmRequest): Promise<LlmAnswer>;
  /**
   * A paid call of a tool, by its name: one that the blueprint lists in `tools`, with exactly its arguments and at most its
   * bound. Marked and booked as `spend` is; the name is the line of the receipt, and what it was asked tells whether the
   * agent goes in circles.
   * @throws NovaError budget_reached when it does not fit; denied for a tool that the agent does not have, bad_input for
   * other arguments: the call is not made.
   */
  tool<T>(use: ToolUse, call: (args: JsonObject) => Promise<Spent<T>>): Promise<T>;
  /** Declares revenue; booked once by `movementId` (default: run id and number of the earning). */
  earn(amountMicros: number, movementId?: string): Promise<void>;
  log(message: string, fields?: JsonObject): void;
  /** Kept between runs of this instance. What is set is written when the run ends well, with its record. */
  readonly state: { get(): Json; set(value: Json): void };
  /**
   * Keeps a state at once, for a long run and for it alone: an attempt that is lost after it is followed by one that finds this state and
   * goes on from there. When the platform asks the run to stop, it stops here: do not catch what this throws.
   */
  checkpoint(value: Json): Promise<void>;
  /** True once the platform wants its machine back: reach the next checkpoint soon. */
  readonly interrupted: boolean;
  /** What was asked for this agent and rejected lately, the newest last: with the reason of whoever said no. */
  readonly rejections: readonly Rejection[];
  /** GET through the guarded port: public addresses, robots.txt, size and time limits. */
  readonly http: { get(url: string): Promise<FetchedPage> };
};

/** What a run may answer: nothing, or a summary; `ok: false` is a failure that the blueprint itself declares. */
export type RunAnswer = { readonly ok: boolean; readonly summary?: string } | undefined;

/** A side of a run by which one that goes in circles is known. */
export type Repeat = 'input' | 'outcome';

export type BlueprintLimits = {
  /** The most one run may cost, without its compute. */
  readonly costMicros: number;
  /** The most tokens one run may use, where it uses any. */
  readonly tokens?: number;
  readonly timeoutSeconds: number;
};

/**
 * One file per blueprint. `parseConfig` throws NovaError bad_input with all problems named.
 */
export type Blueprint<Config = JsonObject> = {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly department: string;
  /** What its config may hold, for help texts: name → sentence. */
  readonly configHelp: Readonly<Record<string, string>>;
  parseConfig(config: JsonObject): Config;
  limits(config: Config): BlueprintLimits;
  /**
   * What of a paid run may honestly be the same time after time: the outcome of a watcher or a heartbeat, the prompt of
   * a writer. It is then no sign of an agent that runs away. Nothing unless told.
   */
  repeats?(config: Config): readonly Repeat[];
  /** What its runs may pay for by `ctx.tool`, and nothing else by that way. None unless told. */
  tools?(config: Config): readonly Tool[];
  run(ctx: RunContext, config: Config): Promise<RunAnswer>;
};
