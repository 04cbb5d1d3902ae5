/** The numbers that dashboards draw: few, true, and no more of them with more agents. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetMetrics } from '../../shared/jobs/fleet-metrics.ts';
import { cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';

const CONFIG = ['--config', '{"outcomes":[{"ok":true,"costUsd":"0.10"}]}'];

test('money, fleet and what waits are told in numbers that do not grow with the fleet', async () => {
  const cli = cliWorld();
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'ada', '--instances', '3', ...CONFIG]);
  await workAll(cli);
  await novaJson(cli, ['run', 'now', 'ada', '--times', '4']);
  await workAll(cli);
  const booking = ['--currency', 'USD', '--reason', 'an invoice'];
  await novaJson(cli, ['ledger', 'add', '--amount', '120', '--kind', 'revenue', '--agent', 'ada', ...booking]);
  await novaJson(cli, ['ledger', 'add', '--amount', '20', '--kind', 'refund', ...booking]);
  assert.deepEqual(await fleetMetrics(cli.world), {
    activeInstances: 3,
    runningInstances: 0,
    coolingInstances: 0,
    runsToday: 4,
    costTodayMicros: 400_000,
    limitTodayMicros: 100_000_000,
    earnedMicros: 100_000_000,
    openApprovals: 0,
    approvalWaitMinutes: 0,
  });
});

test('an empty fleet has zeros, and AWS’s ten free metrics are enough', async () => {
  const metrics = await fleetMetrics(cliWorld().world);
  assert.equal(metrics.earnedMicros + metrics.runsToday + metrics.openApprovals + metrics.approvalWaitMinutes, 0);
  assert.ok(Object.keys(metrics).length <= 10);
});

test('how long the oldest request for approval has waited is told in minutes', async () => {
  const cli = cliWorld();
  const dear = ['--config', '{"outcomes":[{"ok":true,"costUsd":"0.10"}]}', '--schedule', 'rate(1 minute)'];
  const deploy = ['agent', 'deploy', 'lab.scripted', '--name', 'dear', ...dear, '--expected-roi', '300'];
  assert.equal((await nova(cli, deploy)).code, 5);
  const ninetyMinutes = 90 * 60_000;
  const later = { ...cli.world, time: { now: () => cli.world.time.now() + ninetyMinutes } };
  const { openApprovals, approvalWaitMinutes } = await fleetMetrics(later);
  assert.deepEqual({ openApprovals, approvalWaitMinutes }, { openApprovals: 1, approvalWaitMinutes: 90 });
});
