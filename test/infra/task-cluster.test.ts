/** Where tasks of agents run, as the template says it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { ContextError, choicesFrom } from '../../infra/aws/context.ts';
import { type BillTemplate, idleBill } from '../../infra/aws/idle-bill.ts';
import { tasks } from '../../infra/topology.ts';
import { taskEnvironment } from '../../shared/runtime/env.ts';
import { CHOICES, type Resource, resources, stacksOf, synthesized } from './synthesized.ts';

const GPU = { gpu: true };
const { data, work } = synthesized({ containers: GPU });

type Container = {
  readonly Name: string;
  readonly User: string;
  readonly StopTimeout: number;
  readonly ReadonlyRootFilesystem: boolean;
  readonly ResourceRequirements?: readonly { readonly Type: string; readonly Value: string }[];
  readonly HealthCheck: { readonly Command: readonly string[] };
  readonly LinuxParameters: {
    readonly Capabilities: { readonly Drop: readonly string[] };
    readonly InitProcessEnabled: boolean;
  };
  readonly Privileged?: boolean;
  readonly Environment?: unknown;
  readonly Secrets: readonly { readonly Name: string; readonly ValueFrom: unknown }[];
};
const definitionOf = (family: string): Resource => {
  const found = resources(work, 'AWS::ECS::TaskDefinition').find(({ Properties }) => Properties.Family === family);
  return found ?? assert.fail(`there is no ${family}`);
};
/** What CloudFormation puts together. */
const filledIn = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : ((value as { 'Fn::Join'?: readonly [string, readonly unknown[]] })['Fn::Join']?.[1] ?? [])
        .map((part) => (typeof part === 'string' ? part : 'x'.repeat(80)))
        .join('');
const containerOf = (definition: Resource): Container =>
  (definition.Properties.ContainerDefinitions as readonly Container[])[0] ?? assert.fail('no container');

test('a stage without containers has none of it, and one with them costs its images alone while nothing runs', () => {
  const plain = synthesized();
  assert.deepEqual(resources(plain.work, 'AWS::ECS::Cluster', 'AWS::EC2::VPC', 'AWS::ECS::TaskDefinition'), []);
  const bill = (templates: typeof plain): number =>
    idleBill([templates.data as unknown as BillTemplate, templates.work as unknown as BillTemplate]).usd;
  assert.equal((bill({ data, work }) - bill(plain)).toFixed(6), '0.300000');
});

test('every image runs without root, on a root that nobody can write to, with time to stop and a health check', () => {
  for (const row of tasks) {
    const container = containerOf(definitionOf(`nova-test-${row.name}`));
    assert.equal(container.Name, row.name);
    assert.equal(container.User, '1000');
    assert.equal(container.ReadonlyRootFilesystem, true);
    assert.equal(container.StopTimeout, 120);
    // ECS does not look at the image's own check: both are the same.
    const said = /^HEALTHCHECK .* (CMD \[.*\])$/m.exec(readFileSync(`containers/${row.name}/Dockerfile`, 'utf8'))?.[1];
    const [kind, ...words] = container.HealthCheck.Command;
    assert.equal(`${kind} ${JSON.stringify(words).replaceAll(',', ', ')}`, said);
    const { Capabilities, InitProcessEnabled } = container.LinuxParameters;
    assert.deepEqual(Capabilities.Drop, ['ALL']);
    assert.equal(InitProcessEnabled, true, 'somebody passes signals on and takes in what has ended');
    assert.equal(container.Privileged, undefined);
  }
});

test('whoever starts a task may pull its image: one that is built here, and one in a private registry of AWS by name', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  const image = `123456789012.dkr.ecr.eu-central-1.amazonaws.com/nova/runner@${digest}`;
  const pulled = (template: typeof work): string =>
    JSON.stringify(
      resources(template, 'AWS::IAM::ManagedPolicy').filter(({ id }) => id.startsWith('tasksagentrunnerExecutionRole')),
    );
  assert.match(pulled(work), /"ecr:BatchGetImage".*cdk-hnb659fds-container-assets.*"ecr:GetAuthorizationToken"/);
  const own = synthesized({ containers: { gpu: false, image } }).work;
  assert.match(pulled(own), /"ecr:BatchGetImage".*:ecr:eu-central-1:123456789012:repository\/nova\/runner/);
  const named = JSON.stringify(resources(own, 'AWS::ECS::TaskDefinition')[0]?.Properties.ContainerDefinitions);
  assert.ok(named.includes('123456789012.dkr.ecr.eu-central-1.'), named);
  assert.ok(named.includes(`/nova/runner@${digest}`), named);
  const anybodys = synthesized({ containers: { gpu: false, image: `registry.test/runner@${digest}` } }).work;
  assert.doesNotMatch(pulled(anybodys), /ecr:/);
});

test('what a task is told stands in one parameter that its start may read, not in its definition, and holds no secret', () => {
  for (const row of tasks) {
    const { Environment, Secrets } = containerOf(definitionOf(`nova-test-${row.name}`));
    assert.equal(Environment, undefined);
    const [settings = assert.fail(), ...others] = Secrets;
    assert.deepEqual([settings.Name, others], ['NOVA_TASK_SETTINGS', []]);
    const parameter = resources(work, 'AWS::SSM::Parameter').find(
      ({ Properties }) => Properties.Name === `/nova/test/tasks/${row.name}`,
    );
    assert.ok(JSON.stringify(settings.ValueFrom).includes(parameter?.id ?? 'none'));
    const told = taskEnvironment({ NOVA_TASK_SETTINGS: filledIn(parameter?.Properties.Value) });
    assert.deepEqual([told.NOVA_TABLE, told.NOVA_TASK_STOP_SECONDS], ['nova-test', '120']);
    assert.ok(Object.keys(told).every((name) => !/SECRET_VALUE|KEY$|TOKEN/.test(name)));
    // The most that SSM keeps in a parameter without a price.
    assert.ok(JSON.stringify(told).length <= 4_096);
    const starts = resources(work, 'AWS::IAM::ManagedPolicy').filter(({ Properties }) =>
      JSON.stringify(Properties).includes(`parameter/nova/test/tasks/${row.name}"`),
    );
    assert.equal(starts.length, 1);
    assert.match(starts[0]?.id ?? '', /ExecutionRole/);
  }
});

test('own assertion: the network of tasks has a flow log, and none is made for a network of the owner’s', () => {
  const [log, ...others] = resources(work, 'AWS::EC2::FlowLog');
  assert.deepEqual(others, []);
  assert.equal(log?.Properties.TrafficType, 'ALL');
  assert.match(JSON.stringify(log?.Properties.ResourceId), /tasksNetwork/);
  const network = { vpcId: 'vpc-0a', subnetIds: ['subnet-0a'] };
  assert.deepEqual(resources(synthesized({ containers: { gpu: false, network } }).work, 'AWS::EC2::FlowLog'), []);
});

test('Fargate is ARM and never asks for a GPU; a GPU goes to machines that AWS starts and ends', () => {
  const fargate = definitionOf('nova-test-agent-runner').Properties;
  assert.deepEqual(fargate.RequiresCompatibilities, ['FARGATE']);
  assert.deepEqual(fargate.RuntimePlatform, { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' });
  assert.equal(containerOf(definitionOf('nova-test-agent-runner')).ResourceRequirements, undefined);
  const gpu = definitionOf('nova-test-agent-runner-gpu');
  assert.deepEqual(gpu.Properties.RequiresCompatibilities, ['MANAGED_INSTANCES']);
  assert.deepEqual(containerOf(gpu).ResourceRequirements, [{ Type: 'GPU', Value: '1' }]);
  const [providers] = resources(work, 'AWS::ECS::ClusterCapacityProviderAssociations');
  // Machines that AWS manages belong to their cluster by themselves, and must not be named here.
  assert.deepEqual(providers?.Properties.CapacityProviders, ['FARGATE', 'FARGATE_SPOT']);
  const [provider] = resources(work, 'AWS::ECS::CapacityProvider');
  const [cluster] = resources(work, 'AWS::ECS::Cluster');
  assert.equal(provider?.Properties.ClusterName, 'nova-test');
  assert.ok(provider?.DependsOn?.includes(cluster?.id ?? ''));
  assert.match(JSON.stringify(provider?.Properties), /"AllowedInstanceTypes":\["g4dn.xlarge","g4dn.12xlarge"\]/);
  const none = resources(
    synthesized({ containers: { gpu: false } }).work,
    'AWS::ECS::CapacityProvider',
    'AWS::IAM::InstanceProfile',
  );
  assert.deepEqual(none, []);
});

test('a task of Fargate that asks for a GPU fails the synthesis', () => {
  const { app, work: stack } = stacksOf({ containers: { gpu: false } });
  new CfnTaskDefinition(stack, 'Wrong', {
    requiresCompatibilities: ['FARGATE'],
    containerDefinitions: [{ name: 'a', image: 'b', resourceRequirements: [{ type: 'GPU', value: '1' }] }],
  });
  assert.throws(() => app.synth(), /Validation failed/);
  assert.match(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8'), /Fargate has no GPUs/);
});

test('whoever starts a task may give it the tags of its definition, when it starts it and at no other time', () => {
  const statements = resources(work, 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy')
    .filter(({ id }) => id.startsWith('runagent'))
    .flatMap(({ Properties }) => (Properties.PolicyDocument as { Statement: Record<string, unknown>[] }).Statement);
  const tag = statements.find(({ Action }) => Action === 'ecs:TagResource');
  assert.deepEqual(tag?.Condition, { StringEquals: { 'ecs:CreateAction': 'RunTask' } });
  assert.match(JSON.stringify(tag?.Resource), /:task\/nova-test\/\*/);
});

test('nobody comes in: no rule of any security group does, no NAT gateway, no load balancer, free endpoints alone', () => {
  for (const { Properties } of resources(work, 'AWS::EC2::SecurityGroup')) {
    assert.equal(Properties.SecurityGroupIngress, undefined);
  }
  assert.deepEqual(
    resources(
      work,
      'AWS::EC2::SecurityGroupIngress',
      'AWS::EC2::NatGateway',
      'AWS::ElasticLoadBalancingV2::LoadBalancer',
      'AWS::ECS::Service',
    ),
    [],
  );
  for (const { Properties } of resources(work, 'AWS::EC2::VPCEndpoint'))
    assert.equal(Properties.VpcEndpointType, 'Gateway');
  const subnets = resources(synthesized({ containers: { gpu: false } }).work, 'AWS::EC2::Subnet');
  assert.equal(subnets.length, 2);
  for (const { Properties } of subnets) assert.equal(Properties.MapPublicIpOnLaunch, false);
});

test('in a network of the owner’s nothing of ours is made, and tasks get no public address', () => {
  const network = { vpcId: 'vpc-0a', subnetIds: ['subnet-0a', 'subnet-0b'] };
  const { work: own } = synthesized({ containers: { gpu: false, network } });
  assert.deepEqual(resources(own, 'AWS::EC2::VPC', 'AWS::EC2::Subnet', 'AWS::EC2::InternetGateway'), []);
  const runner = resources(own, 'AWS::Lambda::Function').find(
    ({ Properties }) => Properties.FunctionName === 'nova-test-run-agent',
  );
  const { Variables } = (runner ?? assert.fail()).Properties.Environment as { Variables: Record<string, unknown> };
  assert.deepEqual([Variables.NOVA_TASK_SUBNETS, Variables.NOVA_TASK_PUBLIC_IP], ['subnet-0a,subnet-0b', 'no']);
});

test('the end of a task reaches the work queue, from this cluster alone, and what cannot be delivered is kept', () => {
  const [rule = assert.fail()] = resources(work, 'AWS::Events::Rule');
  const pattern = rule.Properties.EventPattern as Record<string, unknown>;
  assert.deepEqual(pattern.source, ['aws.ecs']);
  assert.deepEqual(pattern['detail-type'], ['ECS Task State Change']);
  const { clusterArn, lastStatus } = pattern.detail as Record<string, unknown>;
  assert.deepEqual(lastStatus, ['STOPPED']);
  assert.match(JSON.stringify(clusterArn), /tasksCluster/);
  const [target] = rule.Properties.Targets as readonly Record<string, unknown>[];
  assert.match(JSON.stringify(target?.Arn), /queueworkQueue/);
  assert.ok(target?.DeadLetterConfig);
});

test('one function starts tasks, two others stop them, only what is defined here and only in this cluster', () => {
  // Rights of one role may be more than one policy.
  const rights = Map.groupBy(resources(work, 'AWS::IAM::ManagedPolicy'), ({ id }) => id.replace(/Role.*/, ''));
  const allowed = (action: string) => [...rights].filter(([, parts]) => JSON.stringify(parts).includes(action));
  const namesOf = (some: ReturnType<typeof allowed>): readonly string[] => some.map(([who]) => who).sort();
  assert.deepEqual(namesOf(allowed('ecs:RunTask')), ['runagent']);
  assert.deepEqual(namesOf(allowed('ecs:StopTask')), ['dowork', 'sweep']);
  for (const [who, parts] of allowed('ecs:ListTasks')) {
    const Statement = parts.flatMap(
      ({ Properties }) => (Properties.PolicyDocument as { Statement: readonly Record<string, unknown>[] }).Statement,
    );
    for (const statement of Statement.filter(({ Action }) => JSON.stringify(Action).includes('ecs:'))) {
      // A tag is given to a task of this cluster, which its address says.
      const isTag = statement.Action === 'ecs:TagResource';
      assert.match(JSON.stringify(statement.Condition), isTag ? /ecs:CreateAction/ : /ecs:cluster/);
    }
    const { Resource: passed = [] } =
      Statement.find((one) => JSON.stringify(one).includes('ecs-tasks.amazonaws.com')) ?? {};
    assert.equal(Array.isArray(passed) && passed.length, who === 'runagent' ? 4 : 0);
  }
  const roles = resources(work, 'AWS::IAM::ManagedPolicy').filter(({ id }) => /agentrunner(gpu)?Role/.test(id));
  assert.equal(roles.length, 2);
  for (const role of roles) assert.doesNotMatch(JSON.stringify(role), /ecs:|iam:|AUDIT|POLICY|DECISION|APPROVAL/);
});

test('wrong choices about containers are named', () => {
  const read = (more: Record<string, unknown>) => (name: string) => ({ ...CHOICES, ...more })[name as 'stage'];
  assert.equal(choicesFrom(read({})).containers, undefined);
  assert.deepEqual(choicesFrom(read({ containers: 'true' })).containers, { gpu: false });
  assert.deepEqual(choicesFrom(read({ containers: true, gpu: true })).containers, { gpu: true });
  assert.throws(() => choicesFrom(read({ gpu: true })), ContextError);
  assert.throws(() => choicesFrom(read({ containers: true, gpu: true, cudaDigest: '12.6' })), /cudaDigest must be/);
  assert.throws(() => choicesFrom(read({ containers: true, runnerImage: 'node:24' })), /by its digest/);
  assert.throws(() => choicesFrom(read({ containers: true, vpcId: 'vpc-1' })), /belong together/);
});
