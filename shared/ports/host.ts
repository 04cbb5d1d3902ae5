/** Where a blueprint runs: in process on Lambda, in a child process on one machine, in a container for long work. */
import type { Json, JsonObject } from '../domain/agent.ts';
import type { FetchedPage, Rejection } from '../domain/ctx.ts';
import type { LlmAnswer, LlmRequest } from '../domain/llm.ts';
import type { ToolUse } from '../domain/tool.ts';

export type RunOrder = {
  readonly runId: string;
  readonly agentId: string;
  readonly instance: { readonly number: number; readonly count: number };
  readonly attempt: number;
  readonly sequence: number;
  readonly deadline: number;
  readonly blueprint: string;
  readonly config: JsonObject;
  readonly state: Json;
  /** What was asked for the agent and rejected lately, the newest last. */
  readonly rejections?: readonly Rejection[] | undefined;
};

/** What the host asks of its owner while a run goes on. */
export type RunCalls = {
  /** `asks`: the print of what the call is asked. Durable before it resolves. @throws NovaError budget_reached, or conflict when the run is no longer ours. */
  mark(boundMicros: number, asks?: number, item?: string): Promise<void>;
  /** What the last marked call really cost; never called means its bound. */
  settle(costMicros: number): void;
  /** Marks a call of a tool, when the agent has it. @throws NovaError as ctx.tool says. */
  tool(use: ToolUse): Promise<void>;
  /** Marks, asks and books in one. @throws NovaError as ctx.llm says. */
  llm(request: LlmRequest): Promise<LlmAnswer>;
  /** Keeps the state at once. @throws NovaError conflict when the run is no longer ours. */
  checkpoint(state: Json): Promise<void>;
  earn(amountMicros: number, movementId: string | null): Promise<void>;
  fetch(url: string): Promise<FetchedPage>;
  log(message: string, fields: JsonObject): void;
  /** Told once, when the run has ended, by a host that can see what it used. */
  used?(use: ProcessorAndMemory): void;
  /**
   * Aborted when the run was stopped: every call is refused from then on. A host that can ends the run at once; in process
   * it is left alone.
   */
  readonly stopped?: AbortSignal;
};

export type ProcessorAndMemory = { readonly cpuMs: number; readonly peakMemoryMb: number };

export type RunResult = {
  /** `interrupted`: it stopped because it was asked to, and is taken up again from its last checkpoint. */
  readonly outcome: 'succeeded' | 'failed' | 'crashed' | 'timed_out' | 'interrupted';
  readonly note: string;
  /** Present when ctx.state was set: kept only with an outcome of succeeded or failed. */
  readonly state?: Json;
};

/** The platform wants its machine back: the run is asked to stop at its next checkpoint, and ended after the grace. */
export type Interruption = { readonly signal: AbortSignal; readonly graceMs: number };

export type BlueprintHost = {
  /** Never rejects: whatever a blueprint does is a result. */
  execute(order: RunOrder, calls: RunCalls, interruption?: Interruption): Promise<RunResult>;
};
