/**
 * The 3 a.m. test: broken situations, each written down with its injected cause, through the real jobs of the memory
 * engine. Each raises exactly one alert, told once, whose text leads to the cause; twenty normal hours raise none.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemoryEngine } from '../../infra/local/memory.ts';
import { signLedgerHook } from '../../shared/connectors/ledger-hook.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import { PLAIN_CHANNEL } from '../../shared/domain/alert/channel.ts';
import type { RuleId } from '../../shared/domain/alert/register.ts';
import { FAMILIES } from '../../shared/domain/task.ts';
import { getAgent } from '../../shared/store/agent-store.ts';
import { listAlerts } from '../../shared/store/alert-store.ts';
import { addChannel } from '../../shared/store/channel-store.ts';
import { auditKey, earningsKey, instanceKey, policyKey } from '../../shared/store/keys.ts';
import { memoryStage } from '../fixtures/memory-stage.ts';
import { command, type Stage } from './story.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 10, 20, 3, 0, 30);

type Night = { readonly engine: MemoryEngine; readonly stage: Stage };
type Broken = {
  readonly what: string;
  /** What is done to the world, and how long it goes on. */
  readonly cause: (night: Night) => Promise<void>;
  readonly lasts: number;
  readonly rule: RuleId;
  readonly subject: string;
  /** In the mail: leads to the cause. */
  readonly leads: RegExp;
};

const deploy = (stage: Stage, name: string, outcomes: readonly JsonObject[], more: JsonObject = {}): Promise<never> =>
  command(stage, 'agent deploy', {
    blueprint: 'lab.scripted',
    name,
    schedule: 'rate(5 minutes)',
    config: { outcomes },
    ...more,
  });
const EARNS = { ok: true, costUsd: '0.05', revenueUsd: '0.20' };

const BROKEN: readonly Broken[] = [
  {
    what: 'an agent sells far below what it costs',
    cause: async ({ stage }) =>
      void (await deploy(stage, 'loser', [{ ok: true, costUsd: '0.05', revenueUsd: '0.01' }])),
    ...{ lasts: 90 * MINUTE, rule: 'negative_roi', subject: 'loser' },
    leads: /loser: ROI -80 % after 1[1-9] runs.*lose money with every run.*nova agent pause loser/s,
  },
  {
    what: 'an agent earns half of what it costs',
    cause: async ({ stage }) => void (await deploy(stage, 'half', [{ costUsd: '0.10', revenueUsd: '0.15' }])),
    ...{ lasts: 90 * MINUTE, rule: 'low_roi', subject: 'half' },
    leads: /half: ROI 50 % after/,
  },
  {
    what: 'every third run of an agent crashes on a moved page',
    cause: async ({ stage }) =>
      void (await deploy(stage, 'shaky', [EARNS, EARNS, { ...EARNS, crash: 'no element .price on the page' }])),
    ...{ lasts: 90 * MINUTE, rule: 'high_crash_rate', subject: 'shaky' },
    leads: /shaky: [3-6] of 1[1-9] runs crashed\. The last one said: no element \.price.*nova run list shaky/s,
  },
  {
    what: 'an agent has spent its budget of the day before four',
    cause: async ({ stage }) =>
      void (await deploy(stage, 'eager', [{ costUsd: '0.50', revenueUsd: '2' }], { budgetDay: 2_000_000 })),
    ...{ lasts: 60 * MINUTE, rule: 'budget_exceeded', subject: 'agent:eager' },
    leads: /agent:eager: \$2\.00 of \$2\.00 are used, 100 %.*nova budget set agent:eager/s,
  },
  {
    what: 'one of two agents has spent four fifths of what the fleet may spend in a day',
    cause: async ({ stage }) => {
      await command(stage, 'budget set', { scope: 'fleet', usd: 10_000_000 });
      await deploy(stage, 'modest', [{ costUsd: '0.01', revenueUsd: '1' }]);
      await deploy(stage, 'greedy', [{ costUsd: '0.50', revenueUsd: '2' }]);
    },
    ...{ lasts: 85 * MINUTE, rule: 'budget_warning', subject: 'fleet' },
    leads: /fleet: \$8\.\d\d of \$10\.00 are used, 8\d %\. Most by greedy: \$8\.\d\d.*nova budget show fleet/s,
  },
  {
    what: 'a message that nobody can read is in the queue of payments',
    cause: async ({ engine }) => void (await engine.world.revenue.send({ v: 9, kind: 'from the future' } as never)),
    ...{ lasts: 20 * MINUTE, rule: 'dead_letters', subject: 'revenue' },
    leads: /revenue: 1 dead letter\. The first: .+nova queue redrive revenue/s,
  },
  {
    what: 'a holder with a clock of its own keeps an instance for ever, and a run by hand waits for it',
    cause: async ({ engine, stage }) => {
      await deploy(stage, 'stuck', [EARNS], { schedule: 'cron(0 12 * * ? *)' });
      await engine.drain();
      const lu = engine.clock.now() + 24 * HOUR;
      const set = { sl: 'x', ho: 'a dead one', ra: engine.clock.now(), lu, cs: 0, hd: 0, hl: 0, se: 0 };
      await engine.table.write({ op: 'update', key: instanceKey('stuck', 0), set });
      await command(stage, 'run now', { agent: 'stuck', times: 1 });
    },
    ...{ lasts: 40 * MINUTE, rule: 'oldest_message', subject: 'runs' },
    leads: /runs: the oldest message waits for 3\d min.*instance 0 of stuck.*nova queue list/s,
  },
  {
    what: 'somebody paused an instance behind the back of the system, after the reconciler had passed',
    cause: async ({ engine, stage }) => {
      await deploy(stage, 'torn', [EARNS], { instances: 2 });
      await engine.advance(32 * MINUTE);
      await engine.table.write({ op: 'update', key: instanceKey('torn', 1), set: { st: 'paused' } });
    },
    ...{ lasts: 20 * MINUTE, rule: 'drift', subject: 'torn' },
    leads: /torn: 1 of 2 instances are active.*nova agent show torn/s,
  },
  {
    what: 'somebody deleted the schedule of an agent, after the reconciler had passed',
    cause: async ({ engine, stage }) => {
      await deploy(stage, 'quiet', [EARNS]);
      await engine.advance(32 * MINUTE);
      await engine.world.scheduler.delete('quiet-0');
    },
    ...{ lasts: 45 * MINUTE, rule: 'ticks_missing', subject: 'quiet' },
    leads: /quiet: its run of 2026-11-20 03:3\d UTC has not been heard of.*nova agent health quiet/s,
  },
  {
    what: 'an agent was retired, and the machine of its task hangs: neither SIGTERM nor SIGKILL ends it',
    cause: async ({ engine, stage }) => {
      const kept = { blueprint: 'lab.scripted', name: 'ghost', compute: 'fargate', continuous: true, rest: 60 };
      await command(stage, 'agent deploy', { ...kept, config: { outcomes: [{ ok: true }] } });
      await engine.drain();
      const { launcher } = engine.world;
      const [task] = await launcher.listTasks(FAMILIES.fargate);
      assert.ok(task);
      await command(stage, 'agent retire', { id: 'ghost' });
      const stoppingAt = engine.clock.now();
      launcher.listTasks = async () => [{ ...task, taskId: 'f00d', status: 'STOPPING', stopping: true, stoppingAt }];
    },
    ...{ lasts: 13 * MINUTE, rule: 'task_stuck', subject: 'f00d' },
    leads: /Task f00d of ghost was asked to stop \d+ min ago and has not.*aws ecs stop-task .*--task f00d/s,
  },
  {
    what: 'the owner does not answer a request',
    cause: async ({ stage, engine }) => {
      await command(stage, 'agent deploy', {
        ...{ blueprint: 'lab.scripted', name: 'scout', schedule: 'rate(1 minute)', expectedRoi: 400 },
        config: { outcomes: [{ costUsd: '0.10', revenueUsd: '1' }] },
      });
      await engine.drain();
    },
    ...{ lasts: 15 * HOUR, rule: 'approval_waiting', subject: '*' },
    leads: /scout/,
  },
  {
    what: 'the policy cannot be read, so no decision pass ends',
    cause: async ({ engine, stage }) => {
      await command(stage, 'autonomy set', { mode: 'auto' });
      await engine.advance(61 * MINUTE);
      await engine.table.write({ op: 'update', key: policyKey, set: { minRuns: -5 } });
    },
    ...{ lasts: 3 * HOUR, rule: 'decisions_silent', subject: 'fleet' },
    leads: /No decision pass has ended well for 2 h.*nova autonomy run/s,
  },
  {
    what: 'the signing secret of Stripe was changed at Stripe and not here',
    cause: async ({ engine }) => {
      for (let n = 0; n < 6; n++) {
        const headers = { 'stripe-signature': `t=${Math.floor(engine.clock.now() / 1000)},v1=${'0'.repeat(64)}` };
        const request = {
          method: 'POST',
          path: '/hooks/stripe',
          headers,
          body: Buffer.from('{}'),
          sourceIp: '192.0.2.1',
        };
        await assert.rejects(engine.web(request));
      }
    },
    ...{ lasts: 15 * MINUTE, rule: 'webhooks_refused', subject: 'stripe' },
    leads: /stripe: 6 requests with a wrong signature.*nova connector test stripe/s,
  },
  {
    what: 'somebody changed a sum of the ledger by hand',
    cause: async ({ engine, stage }) => {
      await deploy(stage, 'seller', [EARNS]);
      await engine.advance(30 * MINUTE);
      await engine.table.write({ op: 'update', key: earningsKey('seller'), add: { revenueMicros: 1_000_000 } });
    },
    ...{ lasts: 22 * HOUR, rule: 'ledger_drift', subject: 'ledger' },
    leads: /found \d+ faults?\. The first: .*seller.*nova ledger verify/s,
  },
  {
    what: 'somebody deleted the last record of an audit trail',
    cause: async ({ engine, stage }) => {
      await deploy(stage, 'seller', [EARNS]);
      await engine.drain();
      const agent = await getAgent(engine.table, 'seller');
      const key = auditKey('agent:seller', agent?.auditSeq ?? 0);
      await engine.table.write({ op: 'delete', key });
    },
    ...{ lasts: 15 * MINUTE, rule: 'audit_gap', subject: 'agent:seller' },
    leads: /last audit record of agent:seller is missing.*nova audit verify/s,
  },
];

/** The mail about a request that waits is its own reminder, which the alert leaves to it. */
const isAbout =
  (rule: RuleId) =>
  ({ subject, text }: { readonly subject: string; readonly text: string }): boolean =>
    rule === 'approval_waiting'
      ? subject.startsWith('Still waiting for your answer')
      : text.includes(`docs/runbook.md#${rule}`);

for (const { what, cause, lasts, rule, subject, leads } of BROKEN) {
  test(`${what}: one alert, ${rule}`, async () => {
    const { engine, stage } = await memoryStage({ start: START });
    await engine.advance(MINUTE);
    await cause({ engine, stage });
    await engine.advance(lasts);
    const alerts = await listAlerts(engine.table);
    assert.deepEqual(
      alerts.map((alert) => alert.rule),
      [rule],
      JSON.stringify(alerts),
    );
    if (subject !== '*') assert.equal(alerts[0]?.subject, subject);
    assert.equal(alerts[0]?.episode, 1);
    const raised = engine.events.filter(({ type }) => type === 'alert.raised');
    assert.equal(raised.length, 1, 'the bus hears of it once');
    const mails = engine.mails.filter(isAbout(rule));
    assert.equal(mails.filter((mail) => !mail.subject.startsWith('Nobody')).length, 1, 'one mail');
    assert.match(mails[0]?.text ?? '', leads);
  });
}

test('a channel that cannot work is an alert on the others', async () => {
  const { engine } = await memoryStage({
    start: START,
    pager: {
      page: async () =>
        Promise.reject(
          new (await import('../../shared/domain/error.ts')).NovaError(
            'misconfigured',
            'the slack channel refuses what it is told (404)',
          ),
        ),
    },
  });
  const channel = { ...PLAIN_CHANNEL, name: 'ops', kind: 'slack' } as const;
  await addChannel(engine.world, channel, 'cli:alice');
  await engine.world.revenue.send({ v: 9 } as never);
  await engine.advance(20 * MINUTE);
  const alerts = await listAlerts(engine.table);
  assert.deepEqual(alerts.map(({ id }) => id).sort(), ['channel_broken:ops', 'dead_letters:revenue']);
  const mail = engine.mails.find(({ subject }) => subject.includes('channel broken'));
  assert.match(mail?.text ?? '', /ops: the slack channel refuses what it is told \(404\).*nova channel test ops/s);
});

test('a channel that is away for two hours is one alert on the others, and leaves no dead letters', async () => {
  const { NovaError } = await import('../../shared/domain/error.ts');
  let away = true;
  const heard: string[] = [];
  const { engine } = await memoryStage({
    start: START,
    pager: {
      page: async ({ id }) => {
        if (away) throw new NovaError('unavailable', 'the slack channel answered 503');
        heard.push(id);
      },
    },
  });
  await addChannel(engine.world, { ...PLAIN_CHANNEL, name: 'ops', kind: 'slack' }, 'cli:alice');
  await engine.world.revenue.send({ v: 9 } as never);
  await engine.advance(2 * HOUR);
  const ids = async (): Promise<string[]> =>
    (await listAlerts(engine.table)).filter(({ state }) => state === 'open').map(({ id }) => id);
  assert.deepEqual((await ids()).sort(), ['channel_broken:ops', 'dead_letters:revenue']);
  const mails = engine.mails.filter(({ subject }) => subject.includes('channel broken'));
  assert.equal(mails.length, 1);
  assert.match(mails[0]?.text ?? '', /ops: the slack channel answered 503/);
  away = false;
  await engine.advance(30 * MINUTE);
  assert.deepEqual(await ids(), ['dead_letters:revenue']);
  const words = ['raised', 'escalated'].map((told) => `alert.${told}:dead_letters:revenue:1`);
  assert.deepEqual(heard, words, 'it hears what is still so, each word once');
});

test('a machine that slept for nine hours rings for nothing that it makes up for', async () => {
  const { engine, stage } = await memoryStage({ start: START });
  await deploy(stage, 'shop', [EARNS]);
  await deploy(stage, 'daily', [EARNS], { schedule: 'cron(0 18 * * ? *)' });
  await deploy(stage, 'nightly', [EARNS], { schedule: 'cron(0 9 * * ? *)' });
  await engine.advance(3 * HOUR);
  engine.clock.advance(9 * HOUR + 25 * MINUTE);
  await engine.advance(25 * MINUTE);
  assert.deepEqual(await listAlerts(engine.table), []);
  await engine.advance(3 * HOUR);
  const [missed, ...more] = await listAlerts(engine.table);
  assert.equal(more.length, 0);
  assert.match(missed?.message ?? '', /^nightly: its run of 2026-11-20 09:00 UTC has not been heard of/);
});

/** A payment of a shop, signed, to the public address. */
async function pay({ engine, stage }: Night, movementId: string): Promise<void> {
  const body = JSON.stringify({ movementId, kind: 'revenue', amountMinor: '2500', currency: 'USD', agentId: 'shop' });
  const headers = { 'content-type': 'application/json', ...signLedgerHook(body, HOOK_SECRET, engine.clock.now()) };
  assert.equal((await stage.fetch('/hooks/ledger', { method: 'POST', headers, body })).status, 200);
}
const HOOK_SECRET = 'the-hook-secret-of-a-quiet-night-0001';

// The evening of a Saturday in Berlin to the Sunday after it: the hour from two to three comes twice.
test('twenty-two normal hours raise nothing: the night of 25 hours, payments, a yes, a no, a stop, a budget at 70 %', async () => {
  const settings = { timezone: 'Europe/Berlin' };
  const { engine, stage } = await memoryStage({ start: Date.UTC(2026, 9, 24, 16, 0, 30), settings });
  await engine.admin.secrets?.set('ledger-hook-secret', HOOK_SECRET);
  await command(stage, 'autonomy set', { mode: 'auto' });
  await deploy(stage, 'shop', [EARNS]);
  // In the owner's zone, at an hour that comes twice, and at one that is always there.
  await deploy(stage, 'twice', [EARNS], { schedule: 'cron(30 2 * * ? *)', timezone: 'Europe/Berlin' });
  await deploy(stage, 'early', [EARNS], { schedule: 'cron(0 5 * * ? *)', timezone: 'Europe/Berlin' });
  // 25 hours of 12 ticks at $0.09: $27 of the $38 of its day.
  await deploy(stage, 'builder', [{ costUsd: '0.09', revenueUsd: '0.30' }], { budgetDay: 38_000_000 });
  const asked = { schedule: 'rate(1 minute)', expectedRoi: 400, config: { outcomes: [{ costUsd: '0.10' }] } };
  await command(stage, 'agent deploy', { blueprint: 'lab.scripted', name: 'yes-please', ...asked });
  await command(stage, 'agent deploy', { blueprint: 'lab.scripted', name: 'no-thanks', ...asked });
  await engine.advance(2 * HOUR);
  const requests = (await command(stage, 'approval list')) as readonly { id: string; title: string }[];
  const about = (name: string): string => requests.find(({ title }) => title.includes(name))?.id ?? assert.fail(name);
  await command(stage, 'approval reject', { id: about('no-thanks') });
  await command(stage, 'approval approve', { id: about('yes-please') });
  for (let hour = 0; hour < 10; hour++) {
    await pay({ engine, stage }, `order-${hour}`);
    await pay({ engine, stage }, `order-${hour}`);
    await engine.advance(HOUR);
    // It ticks each minute for ten cents: an hour of it is enough.
    if (hour === 0) await command(stage, 'agent pause', { id: 'yes-please' });
  }
  await command(stage, 'killswitch on', { why: 'a look at night', wait: 0 });
  await engine.advance(2 * HOUR);
  await command(stage, 'killswitch off', { why: 'all well' });
  await engine.advance(8 * HOUR);
  const shop = (await command(stage, 'agent show', { id: 'shop' })) as { instances: number };
  assert.ok(shop.instances > 1, 'a winner was scaled meanwhile');
  assert.deepEqual(
    (await listAlerts(engine.table)).map(({ id, message }) => `${id} ${message}`),
    [],
  );
});

test('twenty normal hours raise nothing', async () => {
  const { engine, stage } = await memoryStage({ start: START });
  await command(stage, 'autonomy set', { mode: 'auto' });
  await command(stage, 'budget set', { scope: 'fleet', usd: 300_000_000 });
  await deploy(stage, 'shop', [EARNS, EARNS, { ...EARNS, ok: false }, EARNS]);
  await deploy(
    stage,
    'writer',
    Array.from({ length: 24 }, (_, k) => ({ ...EARNS, ...(k === 7 ? { crash: 'a bad moment' } : {}) })),
  );
  await deploy(stage, 'free', [{ ok: true }], { schedule: 'rate(1 minute)' });
  await deploy(stage, 'resting', [EARNS]);
  await engine.advance(2 * HOUR);
  await command(stage, 'agent pause', { id: 'resting' });
  await engine.advance(5 * HOUR);
  await command(stage, 'agent resume', { id: 'resting' });
  await command(stage, 'agent scale', { id: 'shop', to: 3 });
  await command(stage, 'run now', { agent: 'free', times: 20 });
  await engine.advance(HOUR);
  await command(stage, 'agent retire', { id: 'free', yes: true }).catch(() =>
    command(stage, 'agent retire', { id: 'free' }),
  );
  await engine.advance(12 * HOUR);
  assert.deepEqual(
    (await listAlerts(engine.table)).map(({ id, message }) => `${id} ${message}`),
    [],
  );
  assert.deepEqual(
    engine.mails.filter(({ text }) => text.includes('runbook')).map(({ subject }) => subject),
    [],
  );
});
