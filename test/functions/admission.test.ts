import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listInstances } from '../../shared/store/instance-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { cliWorld, novaJson, workAll } from '../fixtures/cli-world.ts';

const DEPLOY = ['agent', 'deploy', 'lab.scripted', '--name', 'ada', '--instances', '3'];
const CONFIG = ['--config', '{"outcomes":[{"ok":true,"costUsd":"0.10"}]}'];

for (const verb of ['pause', 'retire']) {
  test(`when a ${verb} has been answered, no instance takes another run, whatever the queues do`, async () => {
    const cli = cliWorld();
    await novaJson(cli, [...DEPLOY, ...CONFIG]);
    await workAll(cli);
    await novaJson(cli, ['run', 'now', 'ada', '--times', '3']);
    await novaJson(cli, ['agent', verb, 'ada']);
    const statuses = (await listInstances(cli.world.table, 'ada')).map(({ status }) => status);
    assert.deepEqual(statuses, Array(3).fill(verb === 'pause' ? 'paused' : 'retired'));
    await workAll(cli);
    const runs = await listRuns(cli.world.table, 'ada');
    assert.deepEqual(
      runs.map(({ status, note }) => [status, note]),
      Array(3).fill(['refused', verb === 'pause' ? 'paused' : 'retired']),
    );
  });
}
