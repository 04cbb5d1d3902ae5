/** lab.scripted: plays a script of outcomes in a cycle, one entry a run. For tests, demos and drills. */
import * as z from 'zod';
import type { Blueprint, RunAnswer, RunContext } from '../domain/ctx.ts';
import { readConfig, usd } from './config.ts';

const MAX_SLEEP_MS = 3_600_000;

/** Tools that a script may pay for; they take what is asked, and do nothing but cost. */
const TOOLS = ['lab.search', 'lab.render'] as const;

const Entry = z.strictObject({
  /** false: the run declares itself failed. */
  ok: z.boolean().default(true),
  /** Throws an error of this text, after what it costs and earns. */
  crash: z.string().min(1).max(200).optional(),
  costUsd: usd().default(0),
  revenueUsd: usd().default(0),
  /** Its paid call is one of this tool; without it, of none. */
  tool: z.enum(TOOLS).optional(),
  /** Its paid call is a question to this model, `costUsd` the most that all it asks may cost. */
  model: z.string().min(1).max(100).optional(),
  maxOutputTokens: z.int().min(1).max(10_000).default(100),
  /** How long its paid call (or, when it costs nothing, the run) takes. */
  sleepMs: z.int().min(0).max(MAX_SLEEP_MS).default(0),
  /** So many times its cost and its sleep, each with a checkpoint: an attempt that follows a lost one goes on from there. */
  steps: z.int().min(1).max(10_000).optional(),
  /** A run that could not take all its steps is gone on with by the next. */
  resumes: z.boolean().default(false),
  /** true or "loop": never gives the processor back; "wait": waits for ever. */
  hang: z.union([z.boolean(), z.enum(['loop', 'wait'])]).default(false),
  /** Fills the memory until its process is ended. */
  exhaust: z.boolean().default(false),
  /** What its paid call is asked, and what the run says of itself. */
  asks: z.string().max(200).optional(),
  says: z.string().max(80).optional(),
});

const Config = z.strictObject({
  outcomes: z.array(Entry).min(1, 'at least one entry').max(1_000),
  /** The most tokens that one run may use. */
  tokens: z.int().min(1).max(100_000_000).optional(),
  timeoutSeconds: z.int().min(1).max(14_400).default(60),
  /** What of it may be the same time after time; a script that is played in a cycle is meant to be. */
  repeats: z.array(z.enum(['input', 'outcome'])).default(['input', 'outcome']),
});
type Entry = z.infer<typeof Entry>;
type Config = z.infer<typeof Config>;

export const blueprint: Blueprint<Config> = {
  name: 'lab.scripted',
  version: 1,
  description: 'Plays a script of outcomes in a cycle, one entry a run: for trying things out without a key.',
  department: 'research',
  configHelp: {
    outcomes:
      'list of entries {"ok":true,"costUsd":"0.10","revenueUsd":"0.50","sleepMs":50,"crash":"boom","hang":"loop","steps":5,"tool":"lab.search"}; played in a cycle',
    tokens: 'the most that one run may ask of models ("model":"claude-haiku-4-5" in an entry); none unless told',
    timeoutSeconds: 'when a run is ended by force; 60 unless told',
    repeats: 'what may be the same run after run: ["input","outcome"] unless told',
  },
  parseConfig: (config) => readConfig(Config, config),
  limits: ({ outcomes, timeoutSeconds, tokens }) => ({
    costMicros: Math.max(...outcomes.map(({ costUsd, steps = 1, model }) => costUsd * (model ? 1 : steps))),
    ...(tokens === undefined ? {} : { tokens }),
    timeoutSeconds,
  }),
  repeats: ({ repeats }) => repeats,
  tools: ({ outcomes }) =>
    TOOLS.flatMap((name) => {
      const used = outcomes.filter(({ tool }) => tool === name).map(({ costUsd }) => costUsd);
      return used.length === 0 ? [] : [{ name, maxMicros: Math.max(...used), args: { asks: 'text?' } as const }];
    }),
  async run(ctx, { outcomes }) {
    const index = ctx.sequence % outcomes.length;
    const entry = outcomes[index];
    if (!entry) throw new Error(`the script has no entry ${index + 1}`);
    return play(ctx, entry, entry.says ?? `entry ${index + 1} of ${outcomes.length}`);
  },
};

async function play(ctx: RunContext, entry: Entry, summary: string): Promise<RunAnswer> {
  const { revenueUsd: revenueMicros } = entry;
  if (entry.steps === undefined) await work(ctx, entry);
  else await inSteps(ctx, entry, entry.steps);
  if (revenueMicros > 0) await ctx.earn(revenueMicros);
  if (entry.hang === 'wait') await new Promise(() => {});
  if (entry.hang) loopForEver();
  if (entry.exhaust) fillMemory();
  if (entry.crash !== undefined) throw new Error(entry.crash);
  return { ok: entry.ok, summary };
}

async function work(ctx: RunContext, entry: Entry): Promise<void> {
  const { costUsd: costMicros, sleepMs, asks, tool, model, maxOutputTokens } = entry;
  const call = async () => ({ costMicros, value: await sleep(sleepMs) });
  if (model !== undefined) {
    await ctx.llm({ model, maxOutputTokens, messages: [{ role: 'user', content: asks ?? 'hello' }] });
    await sleep(sleepMs);
  } else if (tool !== undefined) {
    const args = asks === undefined ? {} : { asks };
    await ctx.tool({ name: tool, args, boundMicros: costMicros }, call);
  } else if (costMicros > 0) await ctx.spend(costMicros, call, asks);
  else await sleep(sleepMs);
}

async function inSteps(ctx: RunContext, entry: Entry, steps: number): Promise<void> {
  const kept = ctx.state.get();
  const left = typeof kept === 'object' && kept !== null && 'run' in kept && 'step' in kept ? kept : null;
  const goesOn = left !== null && (left.run === ctx.runId || (entry.resumes && Number(left.step) < steps));
  const first = goesOn ? Number(left.step) : 0;
  for (let step = first; step < steps; step++) {
    await work(ctx, entry);
    await ctx.checkpoint({ run: ctx.runId, step: step + 1 });
  }
}

async function sleep(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function loopForEver(): never {
  for (;;);
}

function fillMemory(): never {
  const kept: string[][] = [];
  for (;;) kept.push(new Array<string>(100_000).fill(`filler ${kept.length}`));
}
