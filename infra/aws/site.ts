/** What every function of the work stack is built on: names, choices, queues, and the environment it is handed. */
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Aws } from 'aws-cdk-lib/core';
import { type FunctionEnv, functionEnv } from '../function-env.ts';
import { type FunctionRow, functions, type QueueName, ROTATED_SECRETS, type TaskRow } from '../topology.ts';
import type { AgentSchedules } from './agent-schedules.ts';
import type { Choices } from './context.ts';
import type { Names } from './names.ts';
import { PRICES } from './price-table.ts';
import type { QueuePair } from './queues.ts';
import type { TaskCluster } from './task-cluster.ts';

export type StackEnv = FunctionEnv;

export type Site = {
  readonly names: Names;
  readonly choices: Choices;
  readonly codeOf: (name: string) => lambda.Code;
  readonly queue: (name: QueueName) => QueuePair;
  readonly agentSchedules: AgentSchedules;
  /** null: this stage runs functions alone. */
  readonly cluster: TaskCluster | null;
  readonly envOf: (row: FunctionRow) => StackEnv;
};

/** What a second of a run costs on Lambda, rounded up. */
export const computeNanosPerSecond = (memoryMb: number): number =>
  Math.ceil((memoryMb / 1024) * PRICES.lambdaGbSecondArm.usd * 1e9);

/** The keys of one function: the owner's settings, and a key for each word it uses. */
export function envFor(site: Omit<Site, 'envOf' | 'codeOf'>, row: FunctionRow): StackEnv {
  return functionEnv(row, fullEnv(site), settingsEnv(site.choices));
}

/** The keys of a task. Its own compute has the price that its run was deployed with. */
export function envForTask(site: Omit<Site, 'envOf' | 'codeOf'>, row: TaskRow): StackEnv {
  return functionEnv(row, fullEnv(site), settingsEnv(site.choices));
}

/** Everything at once: what the CLI needs to speak to a deployed stage with its caller's own rights. */
export function fullEnv(site: Omit<Site, 'envOf' | 'codeOf'>): StackEnv {
  const { names, queue, agentSchedules } = site;
  return {
    ...settingsEnv(site.choices),
    NOVA_TABLE: names.table,
    NOVA_QUEUE_RUNS: queue('runs').queue.queueUrl,
    NOVA_QUEUE_REVENUE: queue('revenue').queue.queueUrl,
    NOVA_QUEUE_WORK: queue('work').queue.queueUrl,
    NOVA_SECRETS_PREFIX: names.secretsPrefix,
    NOVA_ROTATED_SECRETS: ROTATED_SECRETS.join(','),
    NOVA_AUDIT_BUCKET: names.auditBucket(Aws.ACCOUNT_ID, Aws.REGION),
    NOVA_EVENT_BUS: names.bus,
    NOVA_PUBLIC_URL_PARAMETER: names.publicUrlParameter,
    ...site.cluster?.env,
    ...scheduleEnv(names, queue('runs'), agentSchedules),
    ...(site.choices.opaUrl ? { OPA_URL: site.choices.opaUrl } : {}),
  };
}

/** Whoever settles or recovers a run charges it by the function that runs it, whatever its own size. */
const RUN_MEMORY_MB = functions.find(({ name }) => name === 'run-agent')?.memoryMb ?? 512;

const settingsEnv = (choices: Choices) => ({
  NOVA_STAGE: choices.stage,
  NOVA_TIMEZONE: choices.timezone,
  NOVA_CURRENCY: choices.currency,
  NOVA_OWNER_EMAIL: choices.ownerEmail,
  NOVA_SENDER_EMAIL: choices.senderEmail,
  NOVA_COMPUTE_NANOS_PER_SECOND: String(computeNanosPerSecond(RUN_MEMORY_MB)),
  NOVA_RUN_MEMORY_MB: String(RUN_MEMORY_MB),
  NOVA_LEASE_SECONDS: '60',
  NOVA_HEARTBEAT_SECONDS: '20',
});

const scheduleEnv = (names: Names, runs: QueuePair, { role, deadLetters }: AgentSchedules) => ({
  NOVA_SCHEDULE_GROUP: names.scheduleGroup,
  NOVA_SCHEDULE_ROLE_ARN: role.roleArn,
  NOVA_SCHEDULE_TARGET_ARN: runs.queue.queueArn,
  NOVA_SCHEDULE_DEAD_LETTERS_ARN: deadLetters.queueArn,
});
