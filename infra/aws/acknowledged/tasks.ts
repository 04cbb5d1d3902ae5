/** Tasks of agents, where the stage has them: their cluster, their network, machines with GPUs. */
import { tasks } from '../../topology.ts';
import type { Acknowledgment } from '../acknowledgment.ts';
import type { Containers } from '../context.ts';
import { isPulledWithPass } from '../images.ts';
import { namesOf } from '../names.ts';

export function taskAnswers(stage: string, containers: Containers): Acknowledgment[] {
  const { gpu, network, vpc } = containers;
  const ecs = 'Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:';
  const names = namesOf(stage);
  const defined = tasks.filter((row) => gpu || !row.gpu);
  return [
    ...(network ? [] : ownNetwork(gpu && !vpc)),
    {
      at: 'tasks/Cluster',
      id: 'AwsSolutions-ECS4',
      reason:
        'Container Insights bills metrics for every task: each run notes what it used of processor and memory itself.',
    },
    ...defined.map(
      ({ name }): Acknowledgment => ({
        at: '',
        id: `AwsSolutions-IAM5[${ecs}task-definition/${names.family(name)}:*]`,
        reason:
          'Every deploy makes a new revision of the definition: the family is ours, and the cluster is a condition.',
      }),
    ),
    {
      at: '',
      id: `AwsSolutions-IAM5[${ecs}task/${names.cluster}/*]`,
      reason: 'A task has its id from ECS when it starts: those of this cluster alone can be looked at and stopped.',
    },
    ...defined
      .filter(({ name }) => isPulledWithPass(containers, name))
      .map(
        ({ name }): Acknowledgment => ({
          at: `tasks/${name}/ExecutionRole`,
          id: 'AwsSolutions-IAM5[Resource::*]',
          reason:
            'A pass of the registry, which AWS gives out for no narrower resource; the image itself is granted by name.',
        }),
      ),
    ...(gpu ? MANAGED_MACHINES : []),
  ];
}

const ownNetwork = (publicMachines: boolean): readonly Acknowledgment[] => [
  {
    at: 'tasks/Network',
    id: 'NIST.800.53.R5-VPCDefaultSecurityGroupClosed',
    reason: 'Nothing is ever in that group; closing it would take a function that may change security groups.',
  },
  {
    at: 'tasks/Network',
    id: 'NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW',
    reason: 'Agents read pages of the whole world: the way out is open, and no security group lets anybody in.',
  },
  ...(publicMachines
    ? [
        {
          at: 'tasks/Network',
          id: 'NIST.800.53.R5-VPCSubnetAutoAssignPublicIpDisabled',
          reason: 'A machine with GPUs has no other way out; its security group has no rule that lets anybody in.',
        },
      ]
    : []),
];

const MANAGED_MACHINES: readonly Acknowledgment[] = [
  {
    at: 'tasks/agent-runner-gpu',
    id: 'NIST.800.53.R5-ECSTaskDefinitionUserForHostMode',
    reason: 'The rule wants a privileged container; this one is user 1000 without any capability, which is less.',
  },
  ...[
    ['MachineRole', 'AmazonECSInstanceRolePolicyForManagedInstances'],
    ['InfrastructureRole', 'AmazonECSInfrastructureRolePolicyForManagedInstances'],
  ].map(([at, policy]) => ({
    at: `tasks/gpu/${at}`,
    id: `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`,
    reason:
      'AWS runs these machines and changes what that takes: its own policy is kept up with it, a copy would not be.',
  })),
];
