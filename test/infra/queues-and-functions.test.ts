/** What no emulator proves about queues and functions: the template is asked instead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functions, queues, tasks } from '../../infra/topology.ts';
import { CHOICES, type Resource, resources, synthesized } from './synthesized.ts';

const { data, work } = synthesized();
const byName = (type: string, property: string) =>
  new Map(resources(work, type).map((found) => [String(found.Properties[property]), found]));
const queueNamed = byName('AWS::SQS::Queue', 'QueueName');
const get = <T>(map: ReadonlyMap<string, T>, name: string): T => {
  const found = map.get(name);
  assert.ok(found, `there is no ${name}: ${[...map.keys()].join(', ')}`);
  return found;
};
const arnOf = ({ id }: Resource) => ({ 'Fn::GetAtt': [id, 'Arn'] });

test('every polled queue has its dead-letter queue, its receives, and more visibility than the time-out of its function', () => {
  for (const row of queues) {
    const queue = get(queueNamed, `nova-test-${row.name}`);
    const dead = get(queueNamed, `nova-test-${row.name}-dead`);
    const consumer = functions.find(({ on }) => 'queue' in on && on.queue === row.name);
    assert.ok(consumer);
    assert.deepEqual(queue.Properties.RedrivePolicy, {
      deadLetterTargetArn: arnOf(dead),
      maxReceiveCount: row.name === 'runs' ? 100 : 25,
    });
    assert.ok(Number(queue.Properties.VisibilityTimeout) >= consumer.timeoutSeconds + 60, row.name);
    assert.equal(dead.Properties.MessageRetentionPeriod, 14 * 86_400);
  }
});

test('every queue is encrypted and takes TLS only', () => {
  const policies = resources(work, 'AWS::SQS::QueuePolicy').map(({ Properties }) => JSON.stringify(Properties));
  for (const [name, queue] of queueNamed) {
    assert.equal(queue.Properties.SqsManagedSseEnabled, true, name);
    const policy = policies.find((text) => text.includes(`"Ref":"${queue.id}"`));
    assert.match(policy ?? '', /"aws:SecureTransport":"false".*"Effect":"Deny"/, `${name} lets plain HTTP in`);
  }
});

test('every event source reports failures one by one and has a limit of its own', () => {
  const mappings = resources(work, 'AWS::Lambda::EventSourceMapping');
  assert.equal(mappings.length, queues.length);
  for (const { id, Properties } of mappings) {
    assert.deepEqual(Properties.FunctionResponseTypes, ['ReportBatchItemFailures'], id);
    const { MaximumConcurrency } = Properties.ScalingConfig as { MaximumConcurrency: number };
    assert.ok(MaximumConcurrency >= 2 && MaximumConcurrency <= 1000, id);
  }
  const runs = mappings.find(({ Properties }) =>
    JSON.stringify(Properties.EventSourceArn).includes(get(queueNamed, 'nova-test-runs').id),
  );
  assert.equal(runs?.Properties.BatchSize, 1);
  assert.deepEqual(runs?.Properties.ScalingConfig, { MaximumConcurrency: CHOICES.maxConcurrentRuns });
});

test('every function is an arm64 Node 24 with a log of its own that ends', () => {
  const found = resources(work, 'AWS::Lambda::Function');
  assert.deepEqual(
    found.map(({ Properties }) => Properties.FunctionName),
    functions.map(({ name }) => `nova-test-${name}`),
  );
  const groups = new Map(resources(work, 'AWS::Logs::LogGroup').map((group) => [group.id, group]));
  for (const { id, Properties } of found) {
    assert.equal(Properties.Runtime, 'nodejs24.x', id);
    assert.deepEqual(Properties.Architectures, ['arm64'], id);
    assert.ok(!('ReservedConcurrentExecutions' in Properties), `${id} takes from what must stay unreserved`);
    const logging = Properties.LoggingConfig as {
      LogFormat: string;
      LogGroup: { Ref: string };
      SystemLogLevel: string;
    };
    assert.deepEqual([logging.LogFormat, logging.SystemLogLevel], ['JSON', 'WARN'], id);
    assert.ok(groups.has(logging.LogGroup.Ref), `${id} logs somewhere else`);
  }
  for (const { id, Properties } of groups.values()) assert.equal(Properties.RetentionInDays, 30, id);
});

test('every schedule of the system has a zone, an age, retries and dead letters', () => {
  const dead = get(queueNamed, 'nova-test-schedules-dead');
  const schedules = byName('AWS::Scheduler::Schedule', 'Name');
  for (const { name, on } of functions) {
    if (!('schedule' in on)) continue;
    const { Properties } = get(schedules, `nova-test-${name}`);
    assert.equal(Properties.ScheduleExpression, on.schedule);
    assert.equal(Properties.ScheduleExpressionTimezone, on.zone === 'owner' ? 'America/New_York' : 'UTC');
    assert.deepEqual(Properties.FlexibleTimeWindow, { Mode: 'OFF' });
    const target = Properties.Target as Record<string, unknown>;
    assert.deepEqual(target.DeadLetterConfig, { Arn: arnOf(dead) });
    assert.deepEqual(target.RetryPolicy, {
      MaximumRetryAttempts: on.retries,
      MaximumEventAgeInSeconds: on.maxAgeSeconds,
    });
  }
});

test('own assertion: whatever calls a function without waiting, what it throws for good ends in dead letters', () => {
  for (const { name, on } of functions) {
    const { Properties } = get(byName('AWS::Lambda::Function', 'FunctionName'), `nova-test-${name}`);
    const dead = 'queue' in on ? `nova-test-${on.queue}-dead` : 'nova-test-schedules-dead';
    assert.deepEqual(Properties.DeadLetterConfig, { TargetArn: arnOf(get(queueNamed, dead)) }, name);
  }
});

test('what a scheduled function throws for good has its reason beside it in the dead letters of schedules', () => {
  const dead = get(queueNamed, 'nova-test-schedules-dead');
  const configs = resources(work, 'AWS::Lambda::EventInvokeConfig');
  assert.equal(configs.length, functions.filter(({ on }) => 'schedule' in on).length);
  for (const { Properties } of configs)
    assert.deepEqual(Properties.DestinationConfig, { OnFailure: { Destination: arnOf(dead) } });
});

test('the only public door is one regional API, throttled, with a log that names no path', () => {
  assert.deepEqual(resources(work, 'AWS::Lambda::Url'), []);
  assert.equal(resources(work, 'AWS::ApiGateway::RestApi').length, 1);
  const [stage] = resources(work, 'AWS::ApiGateway::Stage');
  assert.ok(stage);
  const [settings] = stage.Properties.MethodSettings as Record<string, unknown>[];
  assert.equal(settings?.ThrottlingRateLimit, CHOICES.requestsPerSecond);
  assert.equal(settings?.ThrottlingBurstLimit, CHOICES.requestsPerSecond * 2);
  assert.equal(settings?.DataTraceEnabled, false);
  const { Format } = stage.Properties.AccessLogSetting as { Format: string };
  assert.match(Format, /\$context\.resourcePath/);
  assert.doesNotMatch(Format, /\$context\.path|querystring/i);
  const [api] = resources(work, 'AWS::ApiGateway::RestApi');
  assert.deepEqual(api?.Properties.EndpointConfiguration, { Types: ['REGIONAL'] });
  assert.ok(!('BinaryMediaTypes' in (api?.Properties ?? {})), 'binary types would change the bytes of a signed body');
});

test('every route of the topology, and no other, is on the API', () => {
  const parts = new Map(resources(work, 'AWS::ApiGateway::Resource').map(({ id, Properties }) => [id, Properties]));
  const pathOf = (id: string): string => {
    const part = parts.get(id);
    if (!part) return '';
    const parent = (part.ParentId as { Ref?: string }).Ref ?? '';
    return `${pathOf(parent)}/${String(part.PathPart)}`;
  };
  const found = resources(work, 'AWS::ApiGateway::Method').map(({ Properties }) => {
    const { Ref } = Properties.ResourceId as { Ref: string };
    return `${String(Properties.HttpMethod)} ${pathOf(Ref)}`;
  });
  const wanted = functions.flatMap(({ on }) =>
    'http' in on ? on.http.map(({ method, path }) => `${method} ${path.replace('*', '{rest+}')}`) : [],
  );
  assert.deepEqual(found.sort(), wanted.sort());
});

test('a firewall comes on request, before the same stage', () => {
  assert.deepEqual(resources(work, 'AWS::WAFv2::WebACL'), []);
  const guarded = synthesized({ waf: true }).work;
  assert.equal(resources(guarded, 'AWS::WAFv2::WebACL').length, 1);
  assert.equal(resources(guarded, 'AWS::WAFv2::WebACLAssociation').length, 1);
});

test('every log, those of tasks and of the firewall too, is under the key of the stage and ends', () => {
  const all = synthesized({ waf: true, containers: { gpu: true } }).work;
  const groups = resources(all, 'AWS::Logs::LogGroup');
  // The door's two, the firewall's, the network's.
  assert.equal(groups.length, functions.length + tasks.length + 4);
  for (const { id, Properties } of groups) {
    assert.match(JSON.stringify(Properties.KmsKeyId), /keyarn/i, id);
    assert.equal(Properties.RetentionInDays, 30, id);
  }
});

test('nothing that costs by standing there: no network, no balancer, no instance, no provisioned capacity', () => {
  const types = new Set([...resources(work), ...resources(data)].map(({ Type }) => Type));
  for (const type of types) {
    assert.doesNotMatch(type, /^AWS::(EC2|ElasticLoadBalancing|ElasticLoadBalancingV2|RDS|ElastiCache|ECS)::/);
  }
  for (const { Properties } of resources(work, 'AWS::Lambda::EventSourceMapping'))
    assert.ok(!('ProvisionedPollerConfig' in Properties));
});
