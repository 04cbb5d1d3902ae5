/**
 * The one protocol between a run and its host: over IPC to a child process, over HTTP to a container or another
 * language. Both sides parse what they get with these schemas; a kind or version that is not listed is refused, so a
 * later kind needs a new version on both sides. Amounts are integer micro-USD.
 *
 *   host → run   start · withdraw · interrupt · reply
 *   run → host   ready · begin · spend … spent · tool … spent · llm · earn · http · checkpoint · log · state · end
 *
 * `llm` is marked, made and booked by the host, which has the key and the prices.
 *
 * `spend`, `tool`, `llm`, `earn`, `http` and `checkpoint` carry an `id` (per run, from 1) that the reply repeats; the others are not answered.
 */
import * as z from 'zod';
import type { Json, JsonObject } from '../domain/agent.ts';

export const CTX_VERSION = 1;

const v = z.literal(CTX_VERSION);
const runId = z.string().min(1).max(200);
const id = z.int().min(1);
const micros = z.int().min(0);

/** What travels has been through JSON.parse, so it is JSON: walking it again would only cost time. */
const json = z.custom<Json>((value) => value !== undefined);
const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

const Order = z.object({
  runId,
  agentId: z.string().min(1).max(40),
  instance: z.object({ number: z.int().min(0), count: z.int().min(1) }),
  attempt: z.int().min(1),
  sequence: z.int().min(0),
  /** Epoch milliseconds. */
  deadline: z.int(),
  blueprint: z.string().min(1).max(100),
  config: jsonObject,
  state: json,
  /** What was asked for the agent and rejected lately. */
  rejections: z
    .array(z.object({ title: z.string(), reason: z.string(), at: z.int() }))
    .readonly()
    .optional(),
});

/** Begin this run as soon as the one before it has ended. */
export const CtxStart = z.object({ v, kind: z.literal('start'), order: Order });

/** Forget an order that was not begun: it is given to somebody else. One begun all the same gets no answers. */
export const CtxWithdraw = z.object({ v, kind: z.literal('withdraw'), runId });

/** Stop at the next checkpoint: the machine is needed elsewhere. */
export const CtxInterrupt = z.object({ v, kind: z.literal('interrupt'), runId });

/** The answer to `spend`, `tool`, `earn` and `checkpoint` (no value), `llm` (what was said) or `http` (the page); an error keeps its code and message. */
export const CtxReply = z.object({
  v,
  kind: z.literal('reply'),
  runId,
  id,
  value: json.optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

export const CtxToRun = z.discriminatedUnion('kind', [CtxStart, CtxWithdraw, CtxInterrupt, CtxReply]);
export type CtxToRun = z.infer<typeof CtxToRun>;

/** Sent once, when orders can be taken. */
const Ready = z.object({ v, kind: z.literal('ready') });
/** The order has left the mailbox: from here on the death of the process is a crash of this run. */
const Begin = z.object({ v, kind: z.literal('begin'), runId });
/** Marks a paid call, durably, before it is made. Refused with budget_reached or conflict. */
const Spend = z.object({
  v,
  kind: z.literal('spend'),
  runId,
  id,
  boundMicros: micros,
  /** The print of what the call is asked, where the run says so. */
  asks: z.int().min(0).max(0xffff_ffff).optional(),
  /** The line of the receipt. */
  item: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,39}$/)
    .optional(),
});
/** Marks a call of a tool, held against what the agent may use. Refused as `spend`, and with denied or bad_input. */
const UseTool = z.object({
  ...{ v, kind: z.literal('tool'), runId, id, boundMicros: micros },
  name: z.string().min(1).max(40),
  args: jsonObject,
});
/** What the last marked call cost; never more than its bound. Not sent: it costs its bound. */
const Spent = z.object({ v, kind: z.literal('spent'), runId, costMicros: micros });
/** Asks a model. The host checks the rest: what a run says about money is not trusted. */
const AskLlm = z.object({
  v,
  kind: z.literal('llm'),
  runId,
  id,
  request: z.object({
    model: z.string().min(1).max(100),
    system: z.string().max(1_000_000).optional(),
    messages: z
      .array(z.object({ role: z.enum(['user', 'assistant']), content: z.string().max(1_000_000) }))
      .min(1)
      .max(1_000),
    maxOutputTokens: z.int().min(1),
    cache: z.enum(['5m', '1h']).optional(),
  }),
});
const Earn = z.object({
  v,
  kind: z.literal('earn'),
  runId,
  id,
  amountMicros: z.int().min(1),
  movementId: z.string().min(1).max(200),
});
/** GET through the guarded port. */
const Get = z.object({ v, kind: z.literal('http'), runId, id, url: z.string().max(10_000) });
/** The state as it is to be kept at once. */
const Checkpoint = z.object({ v, kind: z.literal('checkpoint'), runId, id, value: json });
const LogLine = z.object({
  v,
  kind: z.literal('log'),
  runId,
  message: z.string().max(1_000),
  fields: jsonObject,
});
/** The state as it is to be kept; sent before `end`, once, and only when it has changed. */
const State = z.object({ v, kind: z.literal('state'), runId, value: json });
const End = z.object({
  v,
  kind: z.literal('end'),
  runId,
  outcome: z.enum(['succeeded', 'failed', 'crashed', 'timed_out', 'interrupted']),
  note: z.string().max(200),
});

export const CtxToHost = z.discriminatedUnion('kind', [
  Ready,
  Begin,
  Spend,
  Spent,
  UseTool,
  AskLlm,
  Earn,
  Get,
  Checkpoint,
  LogLine,
  State,
  End,
]);
export type CtxToHost = z.infer<typeof CtxToHost>;

const count = z.int().min(0);
/** What a reply to `llm` carries. */
export const CtxLlmAnswer = z.object({
  text: z.string(),
  stop: z.string(),
  tokens: z.object({
    ...{ input: count, output: count, cacheRead: count },
    ...{ cacheWrite5m: count, cacheWrite1h: count, reasoning: count },
  }),
  costMicros: micros,
});

/** What a reply to `http` carries. */
export const CtxPage = z.object({ status: z.int(), url: z.string(), contentType: z.string(), body: z.string() });
