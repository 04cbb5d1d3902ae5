/**
 * What is drawn, rung and asked is what somebody really writes: each metric of a dashboard or an alarm under exactly that
 * namespace and those dimensions, each field of a saved query in a line of its log.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { functions } from '../../infra/topology.ts';
import { fleetMetrics } from '../../shared/jobs/fleet-metrics.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { lambdaLog } from '../../shared/runtime/lambda-log.ts';
import { publishMetrics } from '../../shared/runtime/lambda-metrics.ts';
import { jsonLog } from '../../shared/runtime/log.ts';
import { DomainEvent, EVENT_TYPES } from '../../shared/wire/events.ts';
import { cliWorld } from '../fixtures/cli-world.ts';
import { sourceFiles } from '../rules/source-files.ts';
import { type Resource, resources, synthesized } from './synthesized.ts';

type Json = { readonly [name: string]: unknown };

/** What is written to the standard output meanwhile, as JSON. */
async function linesOf(work: () => void | Promise<void>): Promise<Json[]> {
  const write = process.stdout.write;
  const heard: string[] = [];
  const hear = (line: unknown): boolean => heard.push(String(line)) > 0;
  const streams = [process.stdout, process.stderr] as const;
  const writes = streams.map((stream) => stream.write);
  for (const stream of streams) stream.write = hear as typeof write;
  try {
    await work();
  } finally {
    for (const [at, stream] of streams.entries()) stream.write = writes[at] ?? write;
  }
  const lines = heard.join('').split('\n');
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Json);
}

const { data, work } = synthesized();
const stages = { plain: work, tasks: synthesized({ containers: { gpu: false, vpc: false } as never }).work };

type Asked = { readonly who: string; readonly namespace: string; readonly name: string; readonly dimensions: Json };

/** A line of a widget: [namespace, name, key, value, …, options]; an expression has no namespace. */
const metricOf = (who: string, line: readonly unknown[]): Asked[] => {
  const words = line.filter((one) => typeof one === 'string');
  const [namespace = '', name = '', ...pairs] = words;
  if (words.length < 2) return [];
  const keys = pairs.filter((_, at) => at % 2 === 0).map((key, at) => [key, pairs[2 * at + 1]]);
  return [{ who, namespace, name, dimensions: Object.fromEntries(keys) as Json }];
};

/** A joined text with the logical ids of what only a deploy knows. */
function joined(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': parts, Ref: ref, 'Fn::GetAtt': attribute } = value as Json;
  if (Array.isArray(parts)) return (parts[1] as unknown[]).map(joined).join('');
  return String(ref ?? (attribute as string[] | undefined)?.join('.') ?? '');
}

const ofBoards: readonly Asked[] = resources(work, 'AWS::CloudWatch::Dashboard').flatMap(({ Properties }) => {
  const { widgets } = JSON.parse(joined(Properties.DashboardBody)) as { widgets: { properties: Json }[] };
  return widgets.flatMap(({ properties }) =>
    ((properties.metrics ?? []) as unknown[][]).flatMap((line) => metricOf(String(properties.title), line)),
  );
});
const ofAlarms: readonly Asked[] = resources(work, 'AWS::CloudWatch::Alarm').map(({ id, Properties }) => ({
  ...{ who: id, namespace: String(Properties.Namespace), name: String(Properties.MetricName) },
  dimensions: Object.fromEntries(
    ((Properties.Dimensions ?? []) as { Name: string; Value: unknown }[]).map(({ Name, Value }) => [
      Name,
      joined(Value),
    ]),
  ),
}));

/** What AWS writes by itself, and under which one dimension; from the user guides of Lambda, SQS, API Gateway and DynamoDB. */
const BY_AWS: Readonly<Record<string, { readonly dimension: string; readonly names: readonly string[] }>> = {
  'AWS/Lambda': {
    dimension: 'FunctionName',
    names: ['Errors', 'Throttles', 'Duration', 'Invocations', 'RecursiveInvocationsDropped'],
  },
  'AWS/SQS': { dimension: 'QueueName', names: ['ApproximateNumberOfMessagesVisible', 'ApproximateAgeOfOldestMessage'] },
  'AWS/ApiGateway': { dimension: 'ApiName', names: ['Count', '4XXError', '5XXError', 'Latency'] },
  'AWS/DynamoDB': {
    dimension: 'TableName',
    names: ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits', 'ReadThrottleEvents', 'WriteThrottleEvents'],
  },
};
const named = (template: typeof work, type: string, property: string): unknown[] =>
  resources(template, type).map(({ Properties }) => Properties[property]);
const THERE: Readonly<Record<string, readonly unknown[]>> = {
  FunctionName: functions.map(({ name }) => `nova-test-${name}`),
  QueueName: resources(work, 'AWS::SQS::Queue').map(({ id }) => `${id}.QueueName`),
  ApiName: named(work, 'AWS::ApiGateway::RestApi', 'Name'),
  TableName: named(data, 'AWS::DynamoDB::GlobalTable', 'TableName'),
};

test('every metric that is drawn or rung is written by somebody, under that namespace and those dimensions', async () => {
  const numbers = await fleetMetrics(cliWorld().world);
  const [line = {}] = await linesOf(() => publishMetrics('test', numbers));
  const [directive = {}] = (line._aws as { CloudWatchMetrics: Json[] }).CloudWatchMetrics;
  assert.deepEqual([directive.Namespace, directive.Dimensions, line.service], ['NovaOS', [['service']], 'test']);
  const own = (directive.Metrics as { Name: string; Unit: string }[]).map(({ Name, Unit }) => {
    assert.deepEqual([typeof line[Name], Unit], ['number', 'None'], Name);
    return Name;
  });
  assert.deepEqual(named(work, 'AWS::Lambda::Function', 'FunctionName').sort(), [...(THERE.FunctionName ?? [])].sort());
  assert.ok(ofBoards.length >= 60 && ofAlarms.length >= 20, `${ofBoards.length} and ${ofAlarms.length}`);
  for (const asked of [...ofBoards, ...ofAlarms]) {
    const { namespace, name, dimensions } = asked;
    const said = JSON.stringify(asked);
    if (namespace === 'NovaOS') {
      assert.ok(own.includes(name), said);
      assert.deepEqual(dimensions, { service: 'test' }, said);
      continue;
    }
    const { dimension = '', names = [] } = BY_AWS[namespace] ?? {};
    assert.ok(names.includes(name), said);
    // Without a dimension Lambda sums up the account: the one alarm about its room asks that.
    if (name === 'Throttles' && Object.keys(dimensions).length === 0) continue;
    assert.deepEqual(Object.keys(dimensions), [dimension], said);
    assert.ok(THERE[dimension]?.includes(dimensions[dimension]), `${said} is nowhere in the templates`);
  }
});

test('numbers of our own have one dimension of one value, however many agents there are', async () => {
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`number${n}`, n]));
  const lines = await linesOf(() => publishMetrics('test', { ...many, words: 'are no metric' }));
  assert.equal(lines.length, 1);
  const [{ _aws, service, ...numbers } = {}] = lines;
  assert.deepEqual([service, numbers], ['test', many]);
});

/** Of a query: what it filters, shows, counts or sorts by; names that it makes itself are no fields. */
function fieldsOf(query: string): string[] {
  const made = [...query.matchAll(/ as (\w+)/g)].map(([, name]) => name);
  const words = query
    .replace(/"[^"]*"/g, '')
    .replace(/ as \w+/g, '')
    .match(/[@\w][\w.]*/g);
  const own = /^(filter|fields|sort|stats|limit|by|and|or|like|in|asc|desc|count|coalesce|\d+)$/;
  return [...new Set((words ?? []).filter((word) => !own.test(word) && !made.includes(word) && !word.startsWith('@')))];
}

const holds = (line: Json, path: string): boolean =>
  path.split('.').reduce<unknown>((value, key) => (value as Json | undefined)?.[key], line) !== undefined;

/** As Lambda's telemetry writes the end of an invocation that it had to end. */
const KILLED: Json = {
  ...{ time: '2026-11-20T03:00:50.000Z', type: 'platform.report' },
  record: { requestId: 'r', status: 'timeout', metrics: { durationMs: 50_000, maxMemoryUsedMB: 128 } },
};
/** As its runtime writes what nobody caught. */
const UNCAUGHT: Json = {
  ...{ timestamp: '2026-11-20T03:00:50.000Z', level: 'ERROR', requestId: 'r' },
  ...{ errorType: 'Error', errorMessage: 'the table is away', stackTrace: [] },
};

/** Every kind of line that a log of the stage has. */
async function writtenLines(): Promise<Readonly<Record<'functions' | 'door' | 'tasks', readonly Json[]>>> {
  const own = await linesOf(async () => {
    const log = lambdaLog('sweep');
    log.error('failed', { code: 'broken', why: 'the table is away', stack: 'Error: …' });
    log.error('a part of the sweep failed', { part: 'alerts', why: 'an item is corrupt' });
    await log.written();
  });
  const tasks: Json[] = [];
  const sink = (line: string): void => void tasks.push(JSON.parse(line) as Json);
  jsonLog({ time: stillClock(), from: 'info', sink }).error('the task failed', { why: 'no ticket', stack: 'Error: …' });
  const [stage] = resources(work, 'AWS::ApiGateway::Stage');
  assert.ok(stage);
  const { Format } = stage.Properties.AccessLogSetting as { Format: string };
  return { functions: [...own, KILLED, UNCAUGHT], door: [JSON.parse(Format) as Json], tasks };
}

test('every field that a saved query asks for is in a line of the logs that it asks', async () => {
  const lines = await writtenLines();
  const queries = resources(stages.tasks, 'AWS::Logs::QueryDefinition');
  assert.ok(queries.length >= 6);
  for (const { Properties } of queries) {
    const groups = (Properties.LogGroupNames as string[]).map((group) => group.replace('/nova/test/', ''));
    const kind = groups.includes('access')
      ? 'door'
      : groups.some((one) => one.startsWith('agent-runner'))
        ? 'tasks'
        : 'functions';
    for (const field of fieldsOf(String(Properties.QueryString)))
      assert.ok(
        lines[kind].some((line) => holds(line, field)),
        `${Properties.Name}: nobody writes ${field}`,
      );
  }
});

test('the value that a saved query filters by is the one that is written', async () => {
  const lines = await writtenLines();
  const query = (name: string, from: typeof work = stages.tasks): Resource =>
    resources(from, 'AWS::Logs::QueryDefinition').find(({ Properties }) => Properties.Name === `nova-test/${name}`) ??
    assert.fail(name);
  const filterOf = (name: string): [string, string] => {
    const [, field = '', value = ''] =
      /filter ([\w.]+) = "([^"]+)"/.exec(String(query(name).Properties.QueryString)) ?? [];
    return [field, value];
  };
  for (const [name, kind, most] of [
    ['failures', 'functions', 3],
    ['failures-by-code', 'functions', 3],
    ['killed-by-lambda', 'functions', 1],
    ['failed-tasks', 'tasks', 1],
  ] as const) {
    const [field, value] = filterOf(name);
    assert.equal(lines[kind].filter((line) => line[field] === value).length, most, `${name}: ${field} = ${value}`);
  }
  assert.equal(resources(stages.plain, 'AWS::Logs::QueryDefinition').length, 5, 'tasks are asked where there are any');
});

test('the reason of a failure has one name in every line of a log', () => {
  const lines = sourceFiles().flatMap(({ path, text }) =>
    [...text.matchAll(/\blog\.(?:error|warn)\([^;]*?(\w+): messageOf\(/g)].map(([line, name]) => ({
      path,
      line,
      name,
    })),
  );
  assert.ok(lines.length >= 10, String(lines.length));
  for (const { path, line, name } of lines) assert.equal(name, 'why', `${path}: ${line}`);
});

test('the page about events has each that is sent, with the fields of its detail', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/events.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z.]+)` \|[^|]*\|([^|]*)\|$/gm)];
  assert.deepEqual(rows.map(([, type]) => type).sort(), [...EVENT_TYPES].sort());
  const example = JSON.parse(/```json\n([\s\S]+?)```/.exec(page)?.[1] ?? '{}') as Json;
  assert.deepEqual(DomainEvent.parse(example), example, 'the example is such an event, and says all of it');
  for (const [, type = '', detail = ''] of rows) {
    const option = DomainEvent.options.find(({ shape }) => shape.type.value === type) ?? assert.fail(type);
    const told = detail.includes('as above')
      ? Object.keys(example.detail as Json)
      : [...detail.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    assert.deepEqual(told.sort(), Object.keys(option.shape.detail.shape).sort(), type);
  }
});
