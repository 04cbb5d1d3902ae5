/**
 * Where tasks of agents run: a cluster, one definition per image, a network that nobody can reach from outside. Nothing of
 * it costs anything while no task runs: no NAT gateway, no load balancer, no machine that waits.
 */
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { heard, tasks, type Uses } from '../topology.ts';
import type { Choices } from './context.ts';
import { flowLog } from './flow-log.ts';
import { GpuProvider } from './gpu-provider.ts';
import { allow, EVERY_RESOURCE } from './grants.ts';
import type { ImageOf } from './images.ts';
import type { Names } from './names.ts';
import type { Site, StackEnv } from './site.ts';
import { TaskDefinition } from './task-definition.ts';

export type ClusterProps = {
  readonly names: Names;
  readonly choices: Choices;
  readonly containers: NonNullable<Choices['containers']>;
};

/** Two places, so that one that is out of machines is not the end of it. */
const ZONES = 2;
const FREE_ENDPOINTS = {
  Table: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB },
  Layers: { service: ec2.GatewayVpcEndpointAwsService.S3 },
};

export class TaskCluster extends Construct {
  readonly #props: ClusterProps;
  readonly #cluster: ecs.CfnCluster;
  readonly #subnets: readonly string[];
  readonly #securityGroup: ec2.CfnSecurityGroup;
  readonly #gpu: GpuProvider | null;

  constructor(scope: Construct, props: ClusterProps) {
    super(scope, 'tasks');
    this.#props = props;
    const { names, containers } = props;
    const network = containers.network ?? (containers.vpc ? behindGateway(this) : ownNetwork(this, containers.gpu));
    if (!containers.network) flowLog(this, props, network.vpcId);
    this.#subnets = network.subnetIds;
    this.#securityGroup = new ec2.CfnSecurityGroup(this, 'OutwardsOnly', {
      groupDescription: 'Tasks of agents: nobody comes in',
      vpcId: network.vpcId,
      securityGroupEgress: [{ ipProtocol: '-1', cidrIp: '0.0.0.0/0', description: 'Pages and APIs of the world' }],
    });
    this.#cluster = new ecs.CfnCluster(this, 'Cluster', {
      clusterName: names.cluster,
      clusterSettings: [{ name: 'containerInsights', value: 'disabled' }],
    });
    const group = this.#securityGroup.attrGroupId;
    const cluster = this.#cluster;
    this.#gpu = containers.gpu
      ? new GpuProvider(this, { names, cluster, subnets: this.#subnets, securityGroup: group })
      : null;
    // Machines that AWS manages belong to their cluster by themselves; named here, the deployment would fail (aws-cdk issue 35699).
    new ecs.CfnClusterCapacityProviderAssociations(this, 'Providers', {
      cluster: cluster.ref,
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }],
    });
  }

  /** What whoever launches is told. */
  get env(): StackEnv {
    const { containers, names } = this.#props;
    return {
      NOVA_CLUSTER: names.cluster,
      NOVA_TASK_SUBNETS: this.#subnets.join(','),
      NOVA_TASK_SECURITY_GROUPS: this.#securityGroup.attrGroupId,
      NOVA_TASK_PUBLIC_IP: containers.network || containers.vpc ? 'no' : 'yes',
      ...(this.#gpu ? { NOVA_TASK_GPU_PROVIDER: this.#gpu.provider.ref } : {}),
    };
  }

  /** The definitions, and what tells of their ends; the queues and the table are known by now. */
  define(site: Site, imageOf: ImageOf): readonly TaskDefinition[] {
    for (const { name, source, detailType, lastStatus, queue } of heard) {
      new events.Rule(this, name, {
        ruleName: site.names.rule(name),
        description: 'A task has stopped: what it held is given up at once',
        eventPattern: {
          source: [source],
          detailType: [detailType],
          detail: { clusterArn: [this.#cluster.attrArn], lastStatus: [lastStatus] },
        },
        targets: [new targets.SqsQueue(site.queue(queue).queue, { deadLetterQueue: site.agentSchedules.deadLetters })],
      });
    }
    return tasks
      .filter(({ gpu }) => !gpu || this.#gpu !== null)
      .map((row) => new TaskDefinition(this, row, { site, imageOf }));
  }

  /** Starts only what is defined here, stops only what is in this cluster. */
  launchStatements(launches: NonNullable<Uses['launches']>): iam.PolicyStatement[] {
    const { names } = this.#props;
    const task = [this.#arn('task', `${names.cluster}/*`)];
    return [
      allow(['ecs:DescribeTasks', ...(launches.includes('stop') ? ['ecs:StopTask'] : [])], task, this.#here),
      // ListTasks knows no resource but the machines of a cluster: the condition keeps it to this one.
      allow(['ecs:ListTasks'], EVERY_RESOURCE, this.#here),
      ...(launches.includes('start') ? this.#startStatements(task) : []),
    ];
  }

  #startStatements(task: readonly string[]): iam.PolicyStatement[] {
    const { names } = this.#props;
    const defined = tasks.filter(({ gpu }) => !gpu || this.#gpu !== null);
    const families = defined.map(({ name }) => this.#arn('task-definition', `${names.family(name)}:*`));
    const roles = defined.flatMap(({ name }) => [names.taskRole(name), names.executionRole(name)]);
    const roleArn = (resourceName: string) =>
      Stack.of(this).formatArn({ service: 'iam', region: '', resource: 'role', resourceName });
    return [
      allow(['ecs:RunTask'], families, this.#here),
      // A task takes over the tags of its definition: without this right ECS refuses to start it.
      allow(['ecs:TagResource'], task, { StringEquals: { 'ecs:CreateAction': 'RunTask' } }),
      allow(['iam:PassRole'], roles.map(roleArn), {
        StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
      }),
    ];
  }

  get #here() {
    return { ArnEquals: { 'ecs:cluster': this.#cluster.attrArn } };
  }

  #arn(resource: string, resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'ecs', resource, resourceName });
  }
}

type Network = { readonly vpcId: string; readonly subnetIds: readonly string[] };

/** Private subnets, and one NAT gateway as the only way out: no task has an address that the world can see. */
function behindGateway(scope: Construct): Network {
  const vpc = new ec2.Vpc(scope, 'Network', {
    maxAzs: ZONES,
    natGateways: 1,
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [
      { name: 'way-out', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 28, mapPublicIpOnLaunch: false },
      { name: 'tasks', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 },
    ],
    gatewayEndpoints: FREE_ENDPOINTS,
  });
  return { vpcId: vpc.vpcId, subnetIds: vpc.privateSubnets.map(({ subnetId }) => subnetId) };
}

/** Public subnets without a way in. Tasks of Fargate get an address each; machines with GPUs get one from the subnet. */
function ownNetwork(scope: Construct, gpu: boolean): Network {
  const vpc = new ec2.Vpc(scope, 'Network', {
    maxAzs: ZONES,
    natGateways: 0,
    // It would bring a function of its own, to empty a group that nothing is in.
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [{ name: 'tasks', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 20, mapPublicIpOnLaunch: gpu }],
    gatewayEndpoints: FREE_ENDPOINTS,
  });
  return { vpcId: vpc.vpcId, subnetIds: vpc.publicSubnets.map(({ subnetId }) => subnetId) };
}
