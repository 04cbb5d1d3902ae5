/**
 * Agents that run away although their runs succeed are slowed down, then paused, and one mail asks; honest ones, twenty
 * kinds of them, are left alone. Real jobs on the memory engine.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemoryEngine } from '../../infra/local/memory.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import { changeAgent, getAgent } from '../../shared/store/agent-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { memoryStage } from '../fixtures/memory-stage.ts';
import { command } from './story.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 20, 9, 0, 30);
const times = <T>(count: number, make: (k: number) => T): T[] => Array.from({ length: count }, (_, k) => make(k));

type Honest = {
  readonly name: string;
  readonly schedule?: string;
  readonly blueprint?: string;
  readonly instances?: number;
  readonly config: JsonObject;
};
const script = (outcomes: readonly JsonObject[], repeats: readonly string[] = []): JsonObject => ({
  outcomes,
  repeats,
});
const usd = (micros: number): string => (micros / 1_000_000).toFixed(6);

const HONEST: readonly Honest[] = [
  { name: 'heartbeat that costs nothing', config: script([{ says: 'alive' }]) },
  {
    name: 'paid watcher that declares both',
    config: script([{ costUsd: '0.05', asks: 'q', says: 'no change' }], ['input', 'outcome']),
  },
  {
    name: 'writer with one prompt',
    config: script(
      times(181, (k) => ({ costUsd: '0.05', asks: 'write', says: `text ${k}` })),
      ['input'],
    ),
  },
  {
    name: 'classifier with one answer',
    config: script(
      times(181, (k) => ({ costUsd: '0.05', asks: `mail ${k}`, says: 'filed' })),
      ['outcome'],
    ),
  },
  {
    name: 'seller, always the same sale',
    config: script([{ costUsd: '0.05', revenueUsd: '0.20', asks: 'sell', says: 'sold' }]),
  },
  {
    name: 'seller, every eighth time',
    config: script(
      times(8, (k) => ({ costUsd: '0.05', asks: 'sell', says: 'asked', revenueUsd: k === 7 ? '1' : '0' })),
    ),
  },
  {
    name: 'hourly, a few times the same',
    schedule: 'rate(1 hour)',
    config: script([{ costUsd: '0.05', asks: 'q', says: 'a' }]),
  },
  { name: 'the same, for next to nothing', config: script([{ costUsd: '0.0005', asks: 'q', says: 'a' }]) },
  {
    name: 'dear every tenth time',
    config: script(times(10, (k) => ({ costUsd: k === 9 ? '0.20' : '0.02', asks: `q${k}`, says: `a${k}` }))),
  },
  {
    name: 'grows by the day',
    config: script(times(181, (k) => ({ costUsd: usd(10_000 + 200 * k), asks: `q${k}`, says: `a${k}` }))),
  },
  {
    name: 'dearer, and earns it',
    config: script(
      times(181, (k) => ({
        costUsd: k < 40 ? '0.01' : '0.10',
        revenueUsd: k < 40 ? '0' : '0.30',
        asks: `q${k}`,
        says: `a${k}`,
      })),
    ),
  },
  {
    name: 'a new model at four times the price',
    config: script(times(181, (k) => ({ costUsd: k < 90 ? '0.01' : '0.04', asks: `q${k}`, says: `a${k}` }))),
  },
  {
    name: 'fails often, for reasons',
    config: script(times(11, (k) => ({ ok: k % 3 !== 0, costUsd: '0.01', asks: `q${k}`, says: `why ${k}` }))),
  },
  {
    name: 'crashes now and then',
    config: script(
      times(7, (k) => ({ costUsd: '0.01', asks: `q${k}`, says: `a${k}`, ...(k === 3 ? { crash: 'boom' } : {}) })),
    ),
  },
  {
    name: 'in bursts, by cron',
    schedule: 'cron(0/2 10-11 * * ? *)',
    config: script(times(5, (k) => ({ costUsd: '0.01', asks: `q${k}`, says: `a${k}` }))),
  },
  {
    name: 'three instances at work',
    instances: 3,
    config: script(times(9, (k) => ({ costUsd: '0.01', asks: `q${k}`, says: `a${k}` }))),
  },
  {
    name: 'rescheduled from a minute to an hour',
    config: script(times(9, (k) => ({ costUsd: '0.01', asks: `q${k}`, says: `a${k}` }))),
  },
  { name: 'paused and resumed', config: script(times(9, (k) => ({ costUsd: '0.01', asks: `q${k}`, says: `a${k}` }))) },
  {
    name: 'thirty by hand at once',
    schedule: '',
    config: script(times(7, (k) => ({ costUsd: '0.02', asks: `q${k}`, says: `a${k}` }))),
  },
  {
    name: 'real watcher of a page that stays',
    blueprint: 'web.watch',
    config: { pages: [{ url: 'https://example.com/', selector: 'h1' }] },
  },
];

/** Mails about runaways; that an agent without sales loses money is an alert, and said apart. */
const asked = ({ mails }: MemoryEngine) =>
  mails.filter(({ subject }) => !/^(Over: |Nobody has taken this on: )?(critical|warning) /.test(subject));

const slug = (name: string): string =>
  name
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/-$/, '');

test('twenty kinds of honest agents run for three hours, and none is slowed down, paused or mailed about', async () => {
  assert.equal(HONEST.length, 20);
  const page = {
    status: 200,
    url: 'https://example.com/',
    contentType: 'text/html',
    body: '<h1>same</h1>',
    notModified: false,
  };
  const { engine, stage } = await memoryStage({ start: START, http: { get: async () => page } });
  await command(stage, 'budget set', { scope: 'fleet', usd: 500_000_000 });
  for (const { name, schedule = 'rate(1 minute)', blueprint = 'lab.scripted', instances = 1, config } of HONEST) {
    await command(stage, 'agent deploy', {
      blueprint,
      name: slug(name),
      instances,
      config,
      ...(schedule ? { schedule } : {}),
    });
  }
  await engine.advance(60 * MINUTE);
  await command(stage, 'run now', { agent: slug('thirty by hand at once'), times: 30 });
  const by = { actor: 'cli:tester', why: 'changed' };
  const schedule = { expression: 'rate(1 hour)', timezone: 'UTC' };
  await changeAgent(engine.world, slug('rescheduled from a minute to an hour'), { schedule }, by);
  await command(stage, 'agent pause', { id: slug('paused and resumed') });
  await engine.advance(30 * MINUTE);
  await command(stage, 'agent resume', { id: slug('paused and resumed') });
  await engine.advance(90 * MINUTE);
  for (const { name } of HONEST) {
    const agent = await getAgent(engine.table, slug(name));
    const instances = await listInstances(engine.table, slug(name));
    assert.equal(agent?.status, 'active', name);
    assert.deepEqual(instances.map(({ slowed }) => slowed).filter(Boolean), [], name);
    assert.ok(instances.reduce((sum, { total }) => sum + total.runs, 0) >= 2, `${name} has run`);
    const refused = instances.flatMap(({ journal }) => journal).filter(({ note }) => note === 'throttled');
    assert.deepEqual(refused, [], name);
  }
  assert.deepEqual(
    asked(engine).map(({ subject }) => subject),
    [],
  );
});

type Caught = {
  readonly kind: string;
  readonly config: JsonObject;
  readonly schedule: string;
  /** Also woken by somebody else, every minute. */
  readonly strays?: true;
  /** Runs, of those that the rule counts, and dollars by which it is slowed down and paused. */
  readonly slowedBy: number;
  readonly pausedBy: number;
  readonly micros: number;
  readonly says: RegExp;
  /** Honest runs before. */
  readonly before?: number;
};

const RUNAWAYS: readonly Caught[] = [
  {
    ...{ kind: 'input', schedule: 'rate(1 minute)', slowedBy: 14, pausedBy: 20, micros: 2_000_000 },
    config: script(times(5, (k) => ({ costUsd: '0.10', asks: 'the same page', says: `answer ${k}` }))),
    says: /paid runs in a row were given the same and earned nothing, for \$1\.\d\d/,
  },
  {
    ...{ kind: 'outcome', schedule: 'rate(1 minute)', slowedBy: 42, pausedBy: 62, micros: 6_200_000 },
    config: script(times(7, (k) => ({ costUsd: '0.10', asks: `question ${k}`, says: 'nothing found' }))),
    says: /paid runs in a row ended the same and earned nothing, for \$[56]\.\d\d/,
  },
  {
    ...{ kind: 'spend', schedule: 'rate(1 minute)', slowedBy: 6, pausedBy: 8, micros: 2_000_000, before: 25 },
    config: script([
      ...times(25, (k) => ({ costUsd: '0.01', asks: `q${k}`, says: `a${k}` })),
      ...times(200, (k) => ({ costUsd: '0.20', asks: `q${k + 25}`, says: `a${k + 25}` })),
    ]),
    says: /runs in a row cost \$1\.\d\d/,
  },
  {
    ...{ kind: 'pace', schedule: 'rate(1 hour)', strays: true, slowedBy: 18, pausedBy: 26, micros: 1_300_000 },
    config: script(times(70, (k) => ({ costUsd: '0.05', asks: `q${k}`, says: `a${k}` }))),
    says: /ticks came every 60 s; its schedule says every 3600 s/,
  },
];

for (const { kind, config, schedule, strays, slowedBy, pausedBy, micros, says, before = 0 } of RUNAWAYS) {
  test(`${kind}: slowed down by ${slowedBy} runs, paused by ${pausedBy} runs and $${micros / 1e6}, one mail asks, and yes resumes it`, async () => {
    const { engine, stage } = await memoryStage({ start: START });
    await command(stage, 'agent deploy', { blueprint: 'lab.scripted', name: 'loop', schedule, config });
    let slowed: number | null = null;
    let minutes = 0;
    const now = async () => (await listInstances(engine.table, 'loop'))[0] ?? assert.fail('no instance');
    for (; minutes < 150 && (await getAgent(engine.table, 'loop'))?.status === 'active'; minutes++) {
      if (strays) {
        const scheduledFor = new Date(engine.clock.now()).toISOString();
        await engine.world.runs.send({ v: 1, kind: 'tick', agentId: 'loop', instance: 0, scheduledFor });
      }
      await engine.advance(MINUTE);
      const { slowed: is, total } = await now();
      if (is && slowed === null) {
        slowed = total.runs - before;
        assert.equal(is.kind, kind);
        const [health]: readonly { health: string; reasons: string[] }[] = await command(stage, 'agent health', {
          id: 'loop',
        });
        assert.match(String(health?.reasons.join()), /seems to run away: .*every second tick is left out|^paused/);
      }
    }
    const { total } = await now();
    assert.ok(slowed !== null && slowed <= slowedBy, `slowed down after ${slowed} runs`);
    assert.ok(total.runs - before <= pausedBy, `paused after ${total.runs - before} runs`);
    assert.ok(total.costMicros - before * 10_000 <= micros, `it cost ${total.costMicros}`);
    const agent = await getAgent(engine.table, 'loop');
    assert.deepEqual([agent?.status, agent?.pauseReason], ['paused', 'runaway']);
    await engine.advance(30 * MINUTE);
    assert.equal(
      asked(engine).length,
      1,
      asked(engine)
        .map(({ subject }) => subject)
        .join(),
    );
    assert.match(asked(engine)[0]?.text ?? '', /seems to run away/);
    const shown: { healthReasons: string[] } = await command(stage, 'agent show', { id: 'loop' });
    assert.match(shown.healthReasons.join(), /paused \(runaway\).*instance 0 seems to run away/);
    const [decision]: readonly { type: string; why: string }[] = await command(stage, 'decision list');
    assert.equal(decision?.type, 'resume');
    assert.match(String(decision?.why), says);
    const [approval]: readonly { id: string }[] = await command(stage, 'approval list');
    await command(stage, 'approval approve', { id: approval?.id ?? '' });
    await engine.advance(MINUTE);
    assert.equal((await getAgent(engine.table, 'loop'))?.status, 'active', 'a person said yes, with autonomy off');
    assert.equal((await now()).slowed, null);
  });
}
