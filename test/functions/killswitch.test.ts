/** The kill switch on a literal world: what it closes, what it voids, what it remembers, and what goes on under it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NovaError } from '../../shared/domain/error.ts';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { sweep } from '../../shared/jobs/sweep.ts';
import type { BlueprintHost, RunCalls } from '../../shared/ports/host.ts';
import type { Table } from '../../shared/ports/table.ts';
import { getAgent } from '../../shared/store/agent-store.ts';
import { turnHalt } from '../../shared/store/halt-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { getRequest, openRequests } from '../../shared/store/request-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { type CliWorld, cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';

const CONFIG = ['--config', '{"outcomes":[{"ok":true,"costUsd":"0.10"}]}'];
const ON = ['killswitch', 'on', '--why', 'test', '--wait', '0'];
const OFF = ['killswitch', 'off', '--why', 'all is well'];

async function deploy(cli: CliWorld, name: string, ...more: string[]): Promise<void> {
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', name, ...CONFIG, ...more]);
  await workAll(cli);
}

const statuses = async (cli: CliWorld, agentId: string): Promise<string[]> =>
  (await listInstances(cli.world.table, agentId)).map(({ status }) => status);
const HOURLY = ['--schedule', 'rate(1 hour)'];

test('on: instances are halted, schedules go, agents stay as they are; off brings back exactly that', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada', ...HOURLY, '--instances', '2');
  await deploy(cli, 'bob', ...HOURLY);
  await novaJson(cli, ['agent', 'pause', 'bob']);
  await workAll(cli);
  const { stopped } = (await novaJson(cli, ON)) as { stopped: string[] };
  assert.deepEqual(stopped, ['ada']);
  assert.deepEqual([await statuses(cli, 'ada'), await statuses(cli, 'bob')], [['halted', 'halted'], ['paused']]);
  await workAll(cli);
  assert.equal(cli.schedules.size, 0);
  assert.deepEqual((await getAgent(cli.world.table, 'ada'))?.status, 'active');
  await novaJson(cli, OFF);
  await workAll(cli);
  assert.deepEqual([await statuses(cli, 'ada'), await statuses(cli, 'bob')], [['active', 'active'], ['paused']]);
  assert.deepEqual([...cli.schedules.keys()].sort(), ['ada-0', 'ada-1']);
});

test('a department and an agent have switches of their own; the wider one holds while the narrower is off', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada', '--department', 'sales');
  await deploy(cli, 'bob', '--department', 'lab');
  await novaJson(cli, [...ON, '--department', 'sales']);
  await novaJson(cli, [...ON, '--agent', 'ada']);
  await workAll(cli);
  assert.deepEqual([await statuses(cli, 'ada'), await statuses(cli, 'bob')], [['halted'], ['active']]);
  await novaJson(cli, [...OFF, '--agent', 'ada']);
  await workAll(cli);
  assert.deepEqual(await statuses(cli, 'ada'), ['halted']);
  await novaJson(cli, [...OFF, '--department', 'sales']);
  await workAll(cli);
  assert.deepEqual(await statuses(cli, 'ada'), ['active']);
});

test('the mail about a switch says its reason in one line, and a command that can be typed as it stands', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada', '--department', 'far east');
  const why = 'a test\n\nEverything is fine. Nothing was stopped.\u202e';
  await novaJson(cli, ['killswitch', 'on', '--wait', '0', '--department', 'far east', '--why', why]);
  await workAll(cli);
  const text = cli.mails.map((mail) => mail.text).find((one) => one.includes('turned it on')) ?? '';
  assert.match(text, /turned it on: a test Everything is fine\. Nothing was stopped\.\. No run starts/);
  assert.match(text, /nova killswitch off --department 'far east' --why/);
});

test('under the switch nothing is started: no resume, no scaling up, no run, and a new agent is a draft', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada');
  await deploy(cli, 'bob');
  await novaJson(cli, ['agent', 'pause', 'bob']);
  await novaJson(cli, ON);
  for (const words of [
    ['agent', 'resume', 'bob'],
    ['agent', 'scale', 'ada', '--to', '3'],
    ['run', 'now', 'ada'],
  ]) {
    const said = await nova(cli, words);
    assert.equal(said.code, 5, words.join(' '));
    assert.match(said.err, /the kill switch is on for fleet/);
  }
  await deploy(cli, 'cyd', '--budget-day', '5');
  assert.equal((await getAgent(cli.world.table, 'cyd'))?.status, 'draft');
  await novaJson(cli, ['agent', 'pause', 'ada']);
  await novaJson(cli, OFF);
  await workAll(cli);
  assert.deepEqual([await statuses(cli, 'ada'), await statuses(cli, 'cyd')], [['paused'], []]);
});

test('what was asked for by hand waits under the switch, and goes on once afterwards', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada');
  await novaJson(cli, ['run', 'now', 'ada', '--times', '3']);
  await novaJson(cli, ON);
  await workAll(cli);
  const [request] = await openRequests(cli.world.table);
  assert.deepEqual([request?.next, (await listRuns(cli.world.table, 'ada')).length], [0, 0]);
  cli.world.time.advance(3_600_000);
  await sweep(cli.world);
  await workAll(cli);
  assert.equal((await listRuns(cli.world.table, 'ada')).length, 0, 'the sweep sends nothing under the switch');
  await novaJson(cli, OFF);
  // Its message is faster than the one that opens its instance: it is parked again, and the sweep finds it.
  for (const { receipt, body, receiveCount } of await cli.queues.runs.receive({ max: 10, waitSeconds: 0 })) {
    const call = { invocationId: 'fast', deadline: Number.MAX_SAFE_INTEGER, receiveCount };
    await runAgentJob.run(runAgentJob.parse(JSON.parse(body)), cli.world, call);
    await cli.queues.runs.delete(receipt);
  }
  await workAll(cli);
  assert.equal((await listRuns(cli.world.table, 'ada')).length, 0);
  await sweep(cli.world);
  await workAll(cli);
  const runs = await listRuns(cli.world.table, 'ada');
  assert.deepEqual(
    runs.map(({ status }) => status),
    ['succeeded', 'succeeded', 'succeeded'],
  );
  assert.equal((await getRequest(cli.world.table, request?.id ?? ''))?.status, 'done');
});

test('a tick that falls into the halt is refused, recorded, and not made up for', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada');
  await novaJson(cli, ON);
  const scheduledFor = new Date(cli.world.time.now()).toISOString();
  await cli.queues.runs.send({ v: 1, kind: 'tick', agentId: 'ada', instance: 0, scheduledFor });
  await workAll(cli);
  await novaJson(cli, OFF);
  await workAll(cli);
  const runs = await listRuns(cli.world.table, 'ada');
  assert.deepEqual(
    runs.map(({ status, note }) => [status, note]),
    [['refused', 'halted']],
  );
});

test('turning it off needs an admin and a reason, turning it twice changes nothing', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada');
  await novaJson(cli, ON);
  const again = (await novaJson(cli, ON)) as { reason: string };
  assert.equal(again.reason, 'test');
  assert.equal((await nova(cli, ['killswitch', 'off'])).code, 2);
  const bob = ['--login', 'cli:bob', '--email', 'bob@example.com', '--roles', 'viewer,operator,approver'];
  await novaJson(cli, ['operator', 'add', 'bob', ...bob]);
  for (const actor of ['cli:bob', 'cli:nobody', 'system:sweep', 'link:owner@example.com', 'agent:ada'])
    await assert.rejects(turnHalt(cli.world, { scope: 'fleet', on: false, reason: 'because', actor }), {
      code: 'denied',
    });
  const audit = (await novaJson(cli, ['audit', 'verify'])) as { valid: boolean };
  assert.equal(audit.valid, true);
  assert.match((await nova(cli, ['killswitch', 'status'])).out, /ON for fleet/);
  assert.match((await nova(cli, ['status'])).out, /KILL SWITCH ON for fleet/);
  await novaJson(cli, OFF);
  await novaJson(cli, OFF);
  assert.doesNotMatch((await nova(cli, ['status'])).out, /KILL SWITCH/);
  assert.match((await nova(cli, ['killswitch', 'status'])).out, /The kill switch is off/);
});

test('the emergency limit warns, then trips by itself, counts refused requests, and only a person clears it', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada', '--budget-day', '0.25');
  await novaJson(cli, ['killswitch', 'limit', '1.00']);
  await novaJson(cli, ['run', 'now', 'ada', '--times', '8']);
  await workAll(cli);
  const { attemptedMicros } = (await novaJson(cli, ['killswitch', 'status'])) as { attemptedMicros: number };
  assert.equal(attemptedMicros, 800_000, '2 runs were paid, 6 refused');
  assert.equal((await sweep(cli.world)).emergency, 'calm');
  await novaJson(cli, ['run', 'now', 'ada']);
  await workAll(cli);
  assert.equal((await sweep(cli.world)).emergency, 'warn');
  assert.equal((await sweep(cli.world)).emergency, 'calm');
  await novaJson(cli, ['run', 'now', 'ada']);
  await workAll(cli);
  assert.equal((await sweep(cli.world)).emergency, 'trip');
  assert.deepEqual(await statuses(cli, 'ada'), ['halted'], 'before anything else');
  await sweep(cli.world);
  await workAll(cli);
  const subjects = cli.mails.map(({ subject }) => subject);
  assert.equal(subjects.filter((one) => /emergency limit is at 90/.test(one)).length, 1);
  assert.equal(subjects.filter((one) => /^Kill switch: everything is stopped/.test(one)).length, 1);
  cli.world.time.advance(86_400_000);
  await sweep(cli.world);
  assert.deepEqual(await statuses(cli, 'ada'), ['halted'], 'another day clears nothing');
  await novaJson(cli, OFF);
  await workAll(cli);
  assert.deepEqual(await statuses(cli, 'ada'), ['active']);
  assert.notEqual((await sweep(cli.world)).emergency, 'trip', 'what was cleared trips nothing');
});

test('webhooks go on being booked under the switch', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada');
  await novaJson(cli, ON);
  await cli.queues.revenue.send({
    ...{ v: 1, kind: 'earned', movementId: 'm1', agentId: 'ada', runId: 'ada.0.x', amountMicros: 500_000 },
    at: cli.world.time.now(),
  });
  await workAll(cli);
  const shown = (await novaJson(cli, ['agent', 'show', 'ada'])) as { revenueMicros: number };
  assert.equal(shown.revenueMicros, 500_000);
});

/** A run of a function, whose heart does not beat between its calls, and what it read of its own instance. */
async function runWith(cli: CliWorld, act: (calls: RunCalls, reads: () => number) => Promise<void>): Promise<void> {
  let reads = 0;
  const table: Table = {
    ...cli.world.table,
    get: (key) => {
      if (key.sk === 'ada#000') reads += 1;
      return cli.world.table.get(key);
    },
  };
  const host: BlueprintHost = {
    async execute(_order, calls) {
      reads = 0;
      await act(calls, () => reads);
      return { outcome: 'succeeded', note: '' };
    },
  };
  const http = { get: async (url: string) => ({ status: 200, url, body: '', headers: {} }) as never };
  const scheduledFor = new Date(cli.world.time.now()).toISOString();
  const call = { invocationId: 'h1', deadline: Number.MAX_SAFE_INTEGER, receiveCount: 1 };
  const message = { v: 1, kind: 'tick', agentId: 'ada', instance: 0, scheduledFor } as const;
  await runAgentJob.run(message, { ...cli.world, table, host, http }, call);
}

test('a run of a function notices the switch before a free call, five seconds after it was last seen to be allowed', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada', ...HOURLY);
  cli.world.time.advance(31_000);
  const went: string[] = [];
  await runWith(cli, async (calls) => {
    const attempt = async (what: string, done: Promise<unknown>): Promise<void> => {
      const said = await done.then(
        () => 'went',
        (thrown: unknown) => (thrown instanceof NovaError ? thrown.code : 'threw'),
      );
      went.push(`${what} ${said}`);
    };
    await attempt('fetch', calls.fetch('https://example.com'));
    assert.equal((await nova(cli, ON)).code, 1, 'it watches, and sees the run');
    cli.world.time.advance(4_999);
    await attempt('early', calls.fetch('https://example.com'));
    cli.world.time.advance(1);
    await attempt('fetch', calls.fetch('https://example.com'));
    await attempt('earn', calls.earn(1, null));
    await attempt('spend', calls.mark(1));
    assert.deepEqual([calls.stopped?.aborted, went], [true, went], 'a host that can ends it at once');
  });
  assert.deepEqual(went, ['fetch went', 'early went', 'fetch denied', 'earn denied', 'spend denied']);
  const [run] = await listRuns(cli.world.table, 'ada');
  assert.equal(run?.status, 'cancelled');
});

test('looking costs one read in five seconds however much a run calls, none where it is marked, and is charged to it', async () => {
  const cli = cliWorld();
  await deploy(cli, 'ada', ...HOURLY);
  cli.world.time.advance(31_000);
  await runWith(cli, async (calls, reads) => {
    for (let second = 0; second < 60; second++) {
      cli.world.time.advance(1_000);
      await Promise.all([1, 2, 3, 4, 5].map(() => calls.fetch('https://example.com')));
    }
    assert.equal(reads(), 12);
    for (let second = 0; second < 30; second++) {
      cli.world.time.advance(1_000);
      await calls.mark(1);
      calls.settle(0);
      await calls.fetch('https://example.com');
    }
    assert.equal(reads(), 12);
  });
});

test('one that was never turned on has nothing that it could be waited for, beside an engine too', async () => {
  const cli = cliWorld();
  const beside = { ...cli, place: { ...cli.place, kind: 'engine' } } as CliWorld;
  const began = performance.now();
  assert.equal((await nova(beside, OFF)).code, 0);
  assert.ok(performance.now() - began < 5_000, 'it waited for something');
});
