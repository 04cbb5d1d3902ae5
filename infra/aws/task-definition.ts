/** One image as a task: what it may do, how it is watched, how long it may take to stop. */
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Aws, Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { TaskRow } from '../topology.ts';
import { logStatement, parameterArn, parameterStatements, sendStatement, tableStatements } from './grants.ts';
import type { ImageOf } from './images.ts';
import { ownLog } from './own-log.ts';
import { OwnRole } from './own-role.ts';
import { envForTask, type Site } from './site.ts';

export type DefinitionProps = { readonly site: Site; readonly imageOf: ImageOf };

export class TaskDefinition extends Construct {
  readonly row: TaskRow;
  readonly role: iam.Role;

  constructor(scope: Construct, row: TaskRow, { site, imageOf }: DefinitionProps) {
    super(scope, row.name);
    this.row = row;
    const { names, choices } = site;
    const logGroup = ownLog(this, 'Log', { names, choices, name: names.logGroup(row.name) });
    this.role = new OwnRole(this, 'Role', {
      roleName: names.taskRole(row.name),
      assumedBy: forTasks(),
      description: `What ${row.name} may do`,
    });
    for (const statement of this.#statements(site)) this.role.addToPolicy(statement);
    const executionRole = new OwnRole(this, 'ExecutionRole', {
      roleName: names.executionRole(row.name),
      assumedBy: forTasks(),
      description: `What ECS may do to start ${row.name}`,
    });
    executionRole.addToPolicy(logStatement(logGroup.logGroupArn));
    const definition = row.gpu ? this.#onMachines(site, executionRole) : this.#onFargate(site, executionRole);
    definition.addVolume({ name: 'tmp' });
    const container = definition.addContainer('Container', {
      containerName: row.name,
      image: imageOf(row.name, this),
      // The only places that can be written to are /tmp and the table.
      readonlyRootFilesystem: true,
      user: '1000',
      secrets: { NOVA_TASK_SETTINGS: this.#settings(site) },
      logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: row.name, mode: ecs.AwsLogDriverMode.NON_BLOCKING }),
      stopTimeout: Duration.seconds(row.stopSeconds),
      linuxParameters: parametersOf(this),
      healthCheck: {
        command: ['CMD', 'node', '/app/check.mjs'],
        interval: Duration.seconds(30),
        timeout: Duration.seconds(10),
        startPeriod: Duration.seconds(60),
        retries: 3,
      },
      ...(row.gpu ? { gpuCount: 1 } : {}),
    });
    container.addMountPoints({ sourceVolume: 'tmp', containerPath: '/tmp', readOnly: false });
  }

  /** What its environment says: none of it stands in the definition. */
  #settings(site: Site): ecs.Secret {
    const { name, stopSeconds } = this.row;
    const environment = { ...envForTask(site, this.row), NOVA_TASK_STOP_SECONDS: String(stopSeconds) };
    const parameter = new ssm.StringParameter(this, 'Settings', {
      parameterName: site.names.taskSettings(name),
      description: `The environment of ${name}`,
      stringValue: Stack.of(this).toJsonString(environment),
    });
    return new StartParameter(parameter, parameterArn(this, site.names.taskSettings(name)));
  }

  #statements(site: Site): iam.PolicyStatement[] {
    const { uses } = this.row;
    const sends = (uses.sends ?? []).map((name) => site.queue(name).queue.queueArn);
    return [
      ...tableStatements(Stack.of(this), site.names, uses),
      ...(sends.length > 0 ? [sendStatement(sends)] : []),
      ...parameterStatements(Stack.of(this), site.names, uses),
    ];
  }

  #onFargate(site: Site, executionRole: iam.IRole): ecs.TaskDefinition {
    return new ecs.FargateTaskDefinition(this, 'Task', {
      family: site.names.family(this.row.name),
      cpu: this.row.cpuUnits,
      memoryLimitMiB: this.row.memoryMb,
      runtimePlatform: {
        cpuArchitecture: ecs.CpuArchitecture.ARM64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
      taskRole: this.role.withoutPolicyUpdates(),
      executionRole,
    });
  }

  /** In the network of its machine, whose address is the way out: a task there has none of its own. */
  #onMachines(site: Site, executionRole: iam.IRole): ecs.TaskDefinition {
    return new ecs.TaskDefinition(this, 'Task', {
      family: site.names.family(this.row.name),
      compatibility: ecs.Compatibility.MANAGED_INSTANCES,
      networkMode: ecs.NetworkMode.HOST,
      cpu: String(this.row.cpuUnits),
      memoryMiB: String(this.row.memoryMb),
      runtimePlatform: {
        cpuArchitecture: ecs.CpuArchitecture.X86_64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
      taskRole: this.role.withoutPolicyUpdates(),
      executionRole,
    });
  }
}

/** A first process that ends others properly, and no right of the kernel beyond that. */
function parametersOf(scope: Construct): ecs.LinuxParameters {
  const parameters = new ecs.LinuxParameters(scope, 'Linux', { initProcessEnabled: true });
  parameters.dropCapabilities(ecs.Capability.ALL);
  return parameters;
}

/** Who may take a role of a task: ECS, for tasks of this account. */
const forTasks = (): iam.ServicePrincipal =>
  new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
  });

/** One parameter, which ECS reads when it starts a task; the role that starts it may read this one and no other. */
class StartParameter extends ecs.Secret {
  readonly arn: string;
  readonly hasField = false;
  readonly #named: string;

  constructor(parameter: ssm.IStringParameter, named: string) {
    super();
    this.arn = parameter.parameterArn;
    this.#named = named;
  }

  grantRead(grantee: iam.IGrantable): iam.Grant {
    return iam.Grant.addToPrincipal({ grantee, actions: ['ssm:GetParameters'], resourceArns: [this.#named] });
  }
}
