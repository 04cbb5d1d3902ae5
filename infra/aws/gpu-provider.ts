/**
 * Machines with GPUs, which AWS starts when a task wants one and ends when none does. Fargate has no GPUs. The tasks of one
 * machine share its kernel, so nothing but our own image runs there.
 */
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';

import { Construct } from 'constructs';
import type { Names } from './names.ts';

/** What the price table knows: one or four GPUs. */
export const GPU_INSTANCE_TYPES = ['g4dn.xlarge', 'g4dn.12xlarge'] as const;
const VOLUME_GIB = 80;

export type GpuProps = {
  readonly names: Names;
  /** Made before, and ended after: the machines know it by its name alone. */
  readonly cluster: ecs.CfnCluster;
  readonly subnets: readonly string[];
  readonly securityGroup: string;
};

export class GpuProvider extends Construct {
  readonly provider: ecs.CfnCapacityProvider;

  constructor(scope: Construct, { names, cluster, subnets, securityGroup }: GpuProps) {
    super(scope, 'gpu');
    const machineRole = new iam.Role(this, 'MachineRole', {
      // The policy that lets ECS pass it asks for this beginning.
      roleName: `ecsInstanceRole-${names.cluster}`,
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      description: 'What the agent of ECS on a machine with GPUs may do',
      managedPolicies: [managed('AmazonECSInstanceRolePolicyForManagedInstances')],
    });
    const profile = new iam.CfnInstanceProfile(this, 'Profile', {
      instanceProfileName: `ecsInstanceRole-${names.cluster}`,
      roles: [machineRole.roleName],
    });
    const infrastructureRole = new iam.Role(this, 'InfrastructureRole', {
      assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com'),
      description: 'Starts and ends machines with GPUs',
      managedPolicies: [managed('AmazonECSInfrastructureRolePolicyForManagedInstances')],
    });
    this.provider = new ecs.CfnCapacityProvider(this, 'Provider', {
      name: `${names.cluster}-gpu`,
      clusterName: names.cluster,
      managedInstancesProvider: {
        infrastructureRoleArn: infrastructureRole.roleArn,
        instanceLaunchTemplate: {
          ec2InstanceProfileArn: profile.attrArn,
          networkConfiguration: { subnets: [...subnets], securityGroups: [securityGroup] },
          instanceRequirements: {
            allowedInstanceTypes: [...GPU_INSTANCE_TYPES],
            vCpuCount: { min: 4 },
            memoryMiB: { min: 16_384 },
            acceleratorTypes: ['gpu'],
            acceleratorManufacturers: ['nvidia'],
            acceleratorCount: { min: 1 },
          },
          storageConfiguration: { storageSizeGiB: VOLUME_GIB },
        },
        propagateTags: 'CAPACITY_PROVIDER',
      },
    });
    this.provider.node.addDependency(machineRole, infrastructureRole, cluster);
  }
}

const managed = (name: string): iam.IManagedPolicy => iam.ManagedPolicy.fromAwsManagedPolicyName(name);
