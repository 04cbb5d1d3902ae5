/** Dashboards ask for metrics that exist, and cost nothing; their pictures are those of the template. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { dashboardPictures } from '../../infra/aws/dashboard-picture.ts';
import { functions, queues } from '../../infra/topology.ts';
import { fleetMetrics } from '../../shared/jobs/fleet-metrics.ts';
import { cliWorld } from '../fixtures/cli-world.ts';
import { resources, synthesized } from './synthesized.ts';

const { work } = synthesized();
const boards = resources(work, 'AWS::CloudWatch::Dashboard');
const bodyOf = (end: string): string =>
  JSON.stringify(boards.find(({ Properties }) => String(Properties.DashboardName).endsWith(end))?.Properties ?? {});

test('one page is for the owner, one for whoever was woken, and three are free', () => {
  assert.deepEqual(boards.map(({ Properties }) => Properties.DashboardName).sort(), [
    'nova-test-money',
    'nova-test-operations',
  ]);
});

test('every number of the fleet on the owner’s page is one that the sweep publishes', async () => {
  const published = Object.keys(await fleetMetrics(cliWorld().world));
  const asked = [...bodyOf('money').matchAll(/\\"NovaOS\\",\\"(\w+)\\"/g)].map(([, name = '']) => name);
  assert.ok(new Set(asked).size >= 8, [...new Set(asked)].join(' '));
  for (const name of asked) assert.ok(published.includes(name), `${name} is published by nobody`);
});

test('the page for operations has every function, every queue, the door and the table', () => {
  const body = bodyOf('operations');
  for (const { name } of functions) assert.ok(body.includes(`nova-test-${name}`), name);
  for (const { name } of queues) assert.match(body, new RegExp(`queue${name}Queue`), name);
  for (const word of ['5XXError', 'Latency', 'ConsumedWriteCapacityUnits', 'Throttles']) assert.ok(body.includes(word));
});

test('saved queries ask log groups of this stage that exist', () => {
  const groups = resources(work, 'AWS::Logs::LogGroup').map(({ Properties }) => Properties.LogGroupName);
  const queries = resources(work, 'AWS::Logs::QueryDefinition');
  assert.ok(queries.length >= 5);
  for (const { Properties } of queries) {
    assert.match(String(Properties.Name), /^nova-test\//);
    for (const group of Properties.LogGroupNames as string[]) assert.ok(groups.includes(group), group);
  }
});

// After a change of the template: node test/infra/dashboards.test.ts --write
test('the pictures in docs are those of the template', () => {
  const pictures = dashboardPictures(synthesized({ stage: 'prod' }).work);
  assert.equal(pictures.length, 2);
  for (const { name, svg } of pictures) {
    const path = new URL(`../../docs/dashboard-${name.replace('nova-prod-', '')}.svg`, import.meta.url);
    if (process.argv.includes('--write')) writeFileSync(path, svg);
    assert.equal(readFileSync(path, 'utf8'), svg, `${path} is of another template; look, then run this with --write`);
  }
});
