/**
 * What a run is charged, against fixtures calculated by hand: tokens by kind, tools, Lambda, the queue and the table, at
 * the prices of its claim; and what becomes of tokens that are limited.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kind } from '../../shared/domain/budget.ts';
import { NovaError } from '../../shared/domain/error.ts';
import type { LlmRequest, ToldTokens } from '../../shared/domain/llm.ts';
import { priceTable } from '../../shared/domain/price-table.ts';
import { runReceipt } from '../../shared/domain/run-receipt.ts';
import type { Tool } from '../../shared/domain/tool.ts';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { recoverExpired } from '../../shared/jobs/sweep.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import { seededIds } from '../../shared/memory/seeded-ids.ts';
import type { RunCalls, RunResult } from '../../shared/ports/host.ts';
import type { LlmReply } from '../../shared/ports/outside.ts';
import type { World } from '../../shared/ports/world.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { encodeSpec } from '../../shared/store/agent-item.ts';
import { viewLine } from '../../shared/store/budget-view.ts';
import { createInstanceOps, getInstance } from '../../shared/store/instance-store.ts';
import { agentKey, receiptKey, specKey } from '../../shared/store/keys.ts';
import { setLimit } from '../../shared/store/limit-store.ts';
import { usageOf } from '../../shared/store/receipt-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';

const NOVEMBER = Date.UTC(2026, 10, 20, 8);
const NONE: ToldTokens = {
  ...{ input: null, output: null, cacheRead: 0 },
  ...{ cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
};
const says = (input: number | null, output: number | null): LlmReply => ({
  ...{ kind: 'answered', text: 'yes', stop: 'end_turn' },
  told: { ...NONE, input, output },
});
/** At most 256 + 2 × 32 + 5 = 325 tokens in and 1,000 out: 325 + 5,000 micro-dollars. */
const QUESTION: LlmRequest = {
  model: 'claude-haiku-4-5',
  messages: [{ role: 'user', content: 'hello' }],
  maxOutputTokens: 1_000,
};
const MOST = 5_325;
const MOST_TOKENS = 1_325;

type Play = (calls: RunCalls, clock: { advance(ms: number): void }) => Promise<unknown>;
type Stage = {
  readonly start?: number;
  readonly runMemoryMb?: number;
  readonly hold?: number;
  readonly tokens?: number;
  readonly tools?: readonly Tool[];
};

/** One agent on a literal world; what its runs do and what the model answers is told run by run. */
async function stage({ start = NOVEMBER, runMemoryMb = 512, hold = 50_000, tokens = 10_000, tools }: Stage = {}) {
  const table = mapTable();
  const clock = stillClock(start);
  let play: Play = async () => undefined;
  const answers: (LlmReply | Error)[] = [];
  const asked: LlmRequest[] = [];
  const none = { send: async () => {}, sendMany: async () => {} };
  const world = {
    ...{ table, time: clock, hashing: systemHashing, ids: seededIds(1) },
    settings: { timezone: 'UTC', computeNanosPerSecond: 6667, runMemoryMb, leaseSeconds: 60, heartbeatSeconds: 20 },
    ...{ heart: { every: () => () => {} }, runs: none, revenue: none, work: none },
    log: { info() {}, warn() {}, error() {} },
    llm: {
      open: async () => async (request: LlmRequest) => {
        asked.push(request);
        const answer = answers.shift();
        if (!answer || answer instanceof Error) throw answer ?? new Error('no answer was prepared');
        return answer;
      },
    },
    host: {
      async execute(_: unknown, calls: RunCalls): Promise<RunResult> {
        const done = await play(calls, clock);
        return { outcome: 'succeeded', note: 'done', ...(done as Partial<RunResult> | undefined) };
      },
    },
  } as unknown as World;
  await table.write({ op: 'put', item: { ...AGENT, ...agentKey('ada') } });
  const spec = { ...SPEC, holdMicros: hold, holdTokens: tokens, ...(tools ? { tools } : {}) };
  await table.write({ op: 'put', item: { ...encodeSpec(spec), ...specKey('ada', 1) } });
  await table.transact(createInstanceOps('ada', 0, 1));
  let ticks = 0;
  return {
    ...{ table, clock, world, asked },
    /** Plays one run with these answers of the model, and gives its record. */
    async run(script: Play, ...replies: (LlmReply | Error)[]) {
      play = script;
      answers.splice(0, answers.length, ...replies);
      const scheduledFor = new Date(start + ++ticks).toISOString();
      const call = { invocationId: `i${ticks}`, deadline: clock.now() + 300_000, receiveCount: 1 };
      await runAgentJob.run({ v: 1, kind: 'tick', agentId: 'ada', instance: 0, scheduledFor }, world, call);
      return await lastRun();
    },
    /** The next run is another attempt at the slot of the last one. */
    again: () => void ticks--,
    lastRun,
    limit: (kind: Kind, limitMicros: number) =>
      setLimit(world, { scope: 'agent:ada', kind, per: 'day', limitMicros, throttled: false }, 'test'),
    budget: async (kind: Kind) => viewLine(world, { scope: 'agent:ada', kind, per: 'day' }),
  };
  async function lastRun() {
    const runs = await listRuns(table, 'ada');
    const run = runs.find(({ slot }) => slot === (start + ticks).toString(36));
    assert.ok(run);
    const used = await usageOf(table, { agentId: 'ada', number: 0 }, run);
    const facts = { ...run, used, lost: run.note === 'lease lost', timeoutSeconds: 60, nanosPerSecond: 6667 };
    const receipt = runReceipt(facts);
    // P20: whatever happened, the lines are the cost.
    const sum = receipt.lines.reduce((total, { amountMicros }) => total + amountMicros, 0);
    assert.deepEqual([sum, receipt.totalMicros], [run.costMicros, run.costMicros]);
    return {
      ...run,
      used,
      facts,
      lines: receipt.lines.map(({ item, quantity, amountMicros }) => [item, quantity, amountMicros]),
    };
  }
}

const AGENT = {
  ...{ name: 'ada', blueprint: 'b', department: 'lab', stage: 'production', status: 'active', pauseReason: null },
  ...{
    schedule: null,
    specVersion: 1,
    instances: 1,
    createdAt: 0,
    updatedAt: 0,
    version: 1,
    auditSeq: 0,
    auditHash: '-',
  },
};
const SPEC = {
  ...{ agentId: 'ada', version: 1, blueprint: 'b', config: {}, timeoutSeconds: 60 },
  ...{ crashLimit: 5, cooldownSeconds: 300, overlap: 'skip' as const },
};

test('a run with a model, a tool, Lambda, queue and table, line by line', async () => {
  const { run } = await stage();
  const { lines, costMicros } = await run(
    async (calls, clock) => {
      const { tokens, costMicros: told } = await calls.llm(QUESTION);
      assert.deepEqual([tokens.input, tokens.output, told], [120, 350, 1_870]);
      await calls.mark(5_000, undefined, 'search.pages');
      calls.settle(2_500);
      clock.advance(1_500);
    },
    says(120, 350),
  );
  // claude-haiku-4-5: 120 × $1 + 350 × $5 a million = 120 + 1,750 µ$; the tool told 2,500 µ$: 4,370 µ$.
  // Lambda: 0.5 GB × 1.5 s = 0.75 GB-s × 13.3334 µ$ = 10.00005 µ$; one request of 0.2 µ$.
  // SQS: 3 requests × 0.4 = 1.2 µ$. DynamoDB: claim, two marks and end, 4 × 0.625 = 2.5 µ$.
  // 4,370 + 10.00005 + 0.2 + 1.2 + 2.5 = 4,383.90005 µ$, rounded up once. Each line is a step of the running sum:
  // 4,380.00005 → 4,381; 4,380.20005 → 4,381; 4,381.40005 → 4,382; 4,383.90005 → 4,384.
  assert.deepEqual(lines, [
    ['tokens.claude-haiku-4-5.input', 120, 120],
    ['tokens.claude-haiku-4-5.output', 350, 1_750],
    ['search.pages', 1, 2_500],
    ['lambda.compute.arm64', 512 * 1_500, 11],
    ['lambda.request', 1, 0],
    ['sqs.request', 3, 1],
    ['dynamodb.write', 4, 2],
  ]);
  assert.equal(costMicros, 4_384);
});

const SEARCH: Tool = { name: 'search', maxMicros: 5_000, args: { query: 'text', pages: 'number?' } };

test('a tool has a line of its name, and what it is asked tells one run from the next', async () => {
  const { run } = await stage({ tools: [SEARCH] });
  const search = (query: string) => async (calls: RunCalls) => {
    await calls.tool({ name: 'search', args: { query }, boundMicros: 5_000 });
    calls.settle(2_500);
    await calls.tool({ name: 'search', args: { query, pages: 2 }, boundMicros: 4_000 });
  };
  const first = await run(search('shoes'));
  // 2,500 that were told and 4,000 that were not; one request, 3 messages, claim, two marks and end: 0.2 + 1.2 + 2.5.
  assert.deepEqual(first.lines.slice(0, 1), [['search', 1, 6_500]]);
  assert.equal(first.costMicros, 6_504);
  const [again, other] = [await run(search('shoes')), await run(search('boots'))];
  assert.equal(again.prints?.input, first.prints?.input);
  assert.notEqual(other.prints?.input, first.prints?.input);
});

test('a tool that the agent does not have, other arguments and a bound above its own are refused before any mark', async () => {
  const { run } = await stage({ tools: [SEARCH] });
  const codes: unknown[] = [];
  const { costMicros, lines } = await run(async (calls) => {
    const uses = [
      { name: 'delete', args: {}, boundMicros: 1 },
      { name: 'search', args: { query: 'x' }, boundMicros: 5_001 },
      { name: 'search', args: {}, boundMicros: 1 },
      { name: 'search', args: { query: 7 }, boundMicros: 1 },
      { name: 'search', args: { query: 'x', also: true }, boundMicros: 1 },
      { name: 'search', args: { query: 'x'.repeat(20_000) }, boundMicros: 1 },
      { name: 'search', args: { query: 'x' }, boundMicros: -1 },
    ];
    for (const use of uses) await calls.tool(use).catch((error: { code: string }) => codes.push(error.code));
  });
  assert.deepEqual(codes, ['denied', 'denied', ...Array(5).fill('bad_input')]);
  assert.deepEqual([costMicros, lines.at(-1)], [3, ['dynamodb.write', 2, 1]]);
});

test('a tool draws on the hold, and is refused when it is used up: what was refused is not called', async () => {
  const { run } = await stage({ tools: [SEARCH], hold: 8_000 });
  const made: string[] = [];
  const { costMicros } = await run(async (calls) => {
    for (const query of ['a', 'b']) {
      await calls.tool({ name: 'search', args: { query }, boundMicros: 5_000 }).then(
        () => made.push(query),
        (error: { code: string }) => made.push(error.code),
      );
    }
  });
  assert.deepEqual(made, ['a', 'budget_reached']);
  assert.equal(costMicros, 5_004);
});

test('a run without a paid call pays for its platform alone, and its page when the journal is full', async () => {
  const { run } = await stage();
  const costs: unknown[] = [];
  for (let n = 0; n < 5; n++) costs.push((await run(async (_, clock) => clock.advance(60))).lines.at(-1));
  // 0.5 GB × 0.06 s × 13.3334 = 0.400002; + 0.2 + 1.2 + 2 × 0.625 = 3.050002, so 4; the fifth puts a page: 3.675002.
  assert.deepEqual(costs.slice(0, 4), Array(4).fill(['dynamodb.write', 2, 2]));
  assert.deepEqual(costs[4], ['dynamodb.write', 3, 2]);
});

test('each run is priced by the day it was claimed on, also when it ends on the next', async () => {
  // On the 1st of November 2024 a write fell from 1.25 to 0.625 µ$.
  const { run, clock } = await stage({ start: Date.UTC(2024, 9, 31, 23, 59, 59) });
  const before = await run(async (_, at) => at.advance(1_500));
  clock.advance(60_000);
  const after = await run(async (_, at) => at.advance(1_500));
  // 10.00005 + 0.2 + 1.2 = 11.40005; + 2 × 1.25 = 13.90005, then + 2 × 0.625 = 12.65005.
  assert.deepEqual([before.costMicros, after.costMicros], [14, 13]);
  assert.deepEqual([before.used?.version, after.used?.version], ['2024-01-01', '2024-11-01']);
  // History at other prices: what the first would have cost a moment later, and the second a moment before.
  assert.equal(runReceipt(before.facts, priceTable('2024-11-01')).totalMicros, 13);
  assert.equal(runReceipt(after.facts, priceTable('2024-10-31')).totalMicros, 14);
  assert.equal(before.costMicros, 14, 'pricing anew changes nothing');
});

test('a call that nobody answered is booked at its bound, and so is what an answer leaves out', async () => {
  const { run } = await stage();
  const ask: Play = async (calls) => {
    await calls.llm(QUESTION).catch(() => {});
  };
  const tokensOf = (lines: readonly unknown[][]) => lines.slice(0, 2).map(([, quantity, amount]) => [quantity, amount]);
  const bound = [
    [325, 325],
    [1_000, 5_000],
  ];
  const lost = await run(ask, new NovaError('unavailable', 'no answer'));
  assert.deepEqual(tokensOf(lost.lines), bound);
  const silent = await run(ask, says(null, null));
  assert.deepEqual(tokensOf(silent.lines), bound);
  const half = await run(ask, says(20, null));
  assert.deepEqual(tokensOf(half.lines), [
    [20, 20],
    [1_000, 5_000],
  ]);
  const refused = await run(ask, { kind: 'refused', error: new NovaError('unavailable', 'busy') });
  assert.equal(refused.lines[0]?.[0], 'lambda.request');
  assert.ok(refused.costMicros < 10, `${refused.costMicros}: nothing was used`);
});

test('a vendor that counts more than was possible has broken a promise: the bound is booked and the run has crashed', async () => {
  const { run } = await stage();
  const { outcome, lines } = await run(
    async (calls) => void (await calls.llm(QUESTION).catch(() => {})),
    says(326, 1_000),
  ).then((done) => ({ outcome: done.status, lines: done.lines }));
  assert.equal(outcome, 'crashed');
  assert.deepEqual(lines[1], ['tokens.claude-haiku-4-5.output', 1_000, 5_000]);
});

test('what has no price or no key is refused before anything is marked', async () => {
  const { run, asked, world } = await stage();
  const errors: unknown[] = [];
  const tries = (model: string) => async (calls: RunCalls) => {
    await calls.llm({ ...QUESTION, model }).catch((error: unknown) => errors.push(error));
  };
  const { costMicros } = await run(tries('claude-unknown-9'));
  Object.assign(world, { llm: { open: () => Promise.reject(new NovaError('misconfigured', 'there is no key')) } });
  await run(tries('claude-haiku-4-5'));
  assert.deepEqual(
    errors.map((error) => error instanceof NovaError && error.code),
    ['unpriced', 'misconfigured'],
  );
  assert.match(String(errors[0]), /priced are: .*claude-haiku-4-5/);
  assert.deepEqual([asked.length, costMicros], [0, 3]);
  assert.equal((await getInstance(world.table, 'ada', 0))?.total.crashed, 0);
});

test('a token budget holds the bound of a run and settles to what was used', async () => {
  const { run, limit, budget } = await stage({ tokens: 2 * MOST_TOKENS });
  await limit('tokens', 4_000);
  await run(
    async (calls) => {
      const during = await budget('tokens');
      assert.deepEqual([during.spentMicros, during.reservedMicros], [0, 2 * MOST_TOKENS], 'two calls are held');
      await calls.llm(QUESTION);
    },
    says(20, 80),
  );
  const after = await budget('tokens');
  assert.deepEqual([after.spentMicros, after.availableMicros + after.reservedMicros], [100, 3_900]);
});

test('a call that does not fit into the tokens of the run is not made: budget_reached, what came before stays', async () => {
  const { run, asked } = await stage({ tokens: 2 * MOST_TOKENS });
  const { note, lines } = await run(
    async (calls) => {
      await calls.llm(QUESTION);
      await calls.llm({ ...QUESTION, maxOutputTokens: 2_000 }).catch((error: unknown) => {
        assert.ok(error instanceof NovaError && error.code === 'budget_reached');
        assert.match(error.message, /2325 tokens does not fit: the run has 2250 left/);
      });
      return { outcome: 'failed', note: 'budget_reached' };
    },
    says(300, 100),
  );
  assert.deepEqual([note, asked.length, lines[1]?.[1]], ['budget_reached', 1, 100]);
});

test('a run of 3 tokens too many waits for tomorrow, however many dollars are left', async () => {
  const { run, limit, clock } = await stage({ tokens: MOST_TOKENS });
  await limit('tokens', MOST_TOKENS + 100);
  const ask: Play = async (calls) => void (await calls.llm(QUESTION));
  assert.equal((await run(ask, says(20, 83))).status, 'succeeded');
  assert.equal((await run(ask, says(20, 80))).note, 'budget_reached');
  clock.advance(24 * 3_600_000);
  assert.equal((await run(ask, says(20, 80))).status, 'succeeded');
});

test('a limit of tokens that is new counts what its period has used before', async () => {
  const { run, limit, budget } = await stage();
  const ask: Play = async (calls) => void (await calls.llm(QUESTION));
  await run(ask, says(20, 80));
  await run(ask, says(30, 70));
  await limit('tokens', 100_000);
  assert.equal((await budget('tokens')).spentMicros, 200);
});

test('a run that is lost in the middle of a call forfeits its bound in dollars and tokens, and gives the rest back', async () => {
  const { run, limit, budget, clock, world, lastRun } = await stage({ tokens: 2 * MOST_TOKENS });
  await limit('tokens', 10_000);
  const gone = run(async (calls) => {
    await calls.llm(QUESTION).catch(() => {});
    throw new Error('the process died');
  }, new NovaError('unavailable', 'gone'));
  await assert.rejects(gone, /died/);
  clock.advance(61_000);
  await recoverExpired(world);
  const { note, lines, used } = await lastRun();
  assert.deepEqual([note, lines[0], used?.lostTokens], ['lease lost', ['lost_calls', 1, MOST], MOST_TOKENS]);
  assert.equal((await budget('tokens')).spentMicros, MOST_TOKENS);
});

test('what an attempt paid before its checkpoint stays a line when it is lost after it: calls of a lost attempt', async () => {
  const { run, again, clock, world } = await stage();
  const gone = run(async (calls) => {
    await calls.mark(5_000, undefined, 'search');
    calls.settle(3_000);
    await calls.checkpoint({ step: 1 });
    throw new Error('the process died');
  });
  await assert.rejects(gone, /died/);
  clock.advance(61_000);
  await recoverExpired(world);
  // What was lost cools it down for a while.
  clock.advance(400_000);
  again();
  const { attempt, lines, costMicros } = await run(async (calls, at) => {
    await calls.mark(700);
    at.advance(1_500);
  });
  assert.equal(attempt, 2);
  assert.deepEqual(lines.slice(0, 2), [
    ['lost_calls', 1, 3_000],
    ['paid_calls', 1, 700],
  ]);
  // 10.00005 + 0.2 + 1.2 + 8 × 0.625 (its end keeps the state and takes the checkpoint away: six); and the first attempt's minute at its bound: 400.002 + 0.2 + 1.2 + 15 + 10.
  assert.deepEqual(lines.at(-1), ['lost_compute', 60_000, 427]);
  assert.equal(costMicros, 3_000 + 700 + 17 + 427);
});

test('a receipt that is too long for its record is an item of its own, put before the end', async () => {
  const { run, table } = await stage();
  const { lines, receipt } = await run(async (calls) => {
    for (let n = 0; n < 8; n++) {
      await calls.mark(10, undefined, `tool.${n}`);
      calls.settle(n);
    }
  });
  assert.match(receipt ?? '', /^\*/);
  const item = await table.get(receiptKey('ada', 0, { slot: (NOVEMBER + 1).toString(36), fence: 1 }));
  assert.equal((item?.usage as unknown[] | undefined)?.length, 8 + 3);
  assert.deepEqual(lines[7], ['tool.7', 1, 7]);
});
