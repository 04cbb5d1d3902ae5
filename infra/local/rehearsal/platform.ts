/** AWS as a rehearsal has it: the stand-ins with the table, the queues and the APIs in them, and a world on top. */
import { dynamoDbClient } from '../../../shared/aws/clients/dynamodb.ts';
import { sqsClient } from '../../../shared/aws/clients/sqs.ts';
import { ensureTable } from '../../../shared/aws/dynamo-schema.ts';
import { type SqsQueue, sqsQueue } from '../../../shared/aws/sqs-queue.ts';
import { openWorld, PORT_KEYS } from '../../../shared/aws/world.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { eventsFile } from '../../../shared/embedded/events-file.ts';
import { openSqliteDb } from '../../../shared/embedded/sqlite-db.ts';
import { sqliteTable } from '../../../shared/embedded/sqlite-table.ts';
import type { Warden } from '../../../shared/embedded/warden.ts';
import type { World } from '../../../shared/ports/world.ts';
import { systemTime } from '../../../shared/runtime/clock.ts';
import { pointAwsAt } from '../../../shared/runtime/env.ts';
import { DEAD_LETTER_RETENTION_DAYS, type QueueName, queues } from '../../topology.ts';
import { type ApiServer, startAwsApis } from '../aws-apis/api-server.ts';
import { ecsApi } from '../aws-apis/ecs-api.ts';
import { eventsApi } from '../aws-apis/events-api.ts';
import { schedulerApi } from '../aws-apis/scheduler-api.ts';
import { ssmApi } from '../aws-apis/ssm-api.ts';
import type { FileSecrets } from '../file-secrets.ts';
import { LocalScheduler, type LocalSchedulerOptions } from '../scheduler/local-scheduler.ts';
import type { TaskProcesses } from '../tasks/task-processes.ts';
import { type BundleOf, copyBundles } from './bundles.ts';
import { type Closers, opened, together } from './closers.ts';
import { type LocalDynamo, startLocalDynamo } from './local-dynamo.ts';
import { type LocalSqs, startLocalSqs } from './local-sqs.ts';
import { type Names, type Places, stageEnv } from './names.ts';
import type { StandIns } from './stand-ins.ts';

export type Stands = { readonly bundleOf: BundleOf; readonly dynamo: LocalDynamo; readonly sqs: LocalSqs };

export type StandsOptions = {
  readonly found: StandIns;
  /** A name in the rehearsal's own corner of the data directory. */
  file(name: string): string;
  readonly closing: Closers;
  readonly warden: Warden;
  readonly log: World['log'];
  readonly synchronous?: 'FULL' | 'NORMAL' | undefined;
};

/** The two stand-ins and the bundles, at the same time: the longest of them decides how long a start takes. */
export async function openStands({ found, file, closing, warden, log, synchronous }: StandsOptions): Promise<Stands> {
  const dynamo = startLocalDynamo({
    binary: found.dynoxide,
    dbPath: file('dynamo.sqlite'),
    pidFile: file('dynamo.pid'),
    watch: warden,
    onTrouble: (message) => log.error(message),
  });
  const sqs = startLocalSqs({
    folder: found.fauxqs,
    dataFolder: file('sqs'),
    ...(synchronous ? { synchronous } : {}),
  });
  const bundles = copyBundles(file('functions'));
  const [table, queues, bundleOf] = await together<[LocalDynamo, LocalSqs, BundleOf]>([
    opened(closing, dynamo),
    opened(closing, sqs),
    bundles,
  ]);
  return { bundleOf, dynamo: table, sqs: queues };
}

/** Makes the queues what the topology says, their visibility divided by the scale. */
export function ensureQueues(sqs: LocalSqs, names: Names, timeScale: number): void {
  const retentionDays = DEAD_LETTER_RETENTION_DAYS;
  sqs.ensureBucket(names.auditBucket);
  sqs.ensure({ name: names.deadLetters('schedules'), retentionDays });
  for (const { name, visibilitySeconds, maxReceiveCount, retentionDays: days } of queues) {
    sqs.ensure({ name: names.deadLetters(name), retentionDays });
    sqs.ensure({
      name: names.queue(name),
      visibilitySeconds: Math.max(1, Math.round(visibilitySeconds / timeScale)),
      retentionDays: days,
      deadLetters: { name: names.deadLetters(name), maxReceiveCount },
    });
  }
}

/** Schedules are the Scheduler's own, not in the table of the system: as on AWS. */
export function openScheduler(path: string, options: Omit<LocalSchedulerOptions, 'table' | 'time'>, closing: Closers) {
  const db = openSqliteDb({ path });
  closing.add(() => db.close());
  return new LocalScheduler({ ...options, table: sqliteTable(db), time: systemTime });
}

export type ApisOptions = {
  readonly scheduler: LocalScheduler;
  readonly names: Names;
  readonly secrets: FileSecrets;
  readonly publicUrl: string;
  readonly tasks: TaskProcesses;
  /** Where events of the bus are written. */
  readonly eventsPath: string;
};

export async function startApis(options: ApisOptions): Promise<ApiServer> {
  const { scheduler, names, secrets, publicUrl, tasks, eventsPath } = options;
  const parameter = async (name: string) => {
    if (name === names.publicUrlParameter) return { value: publicUrl, secure: false };
    if (!name.startsWith(names.secretsPrefix)) return null;
    const secret = name.slice(names.secretsPrefix.length);
    if (!(await secrets.names()).includes(secret)) return null;
    return { value: await secrets.get(secret), secure: true };
  };
  return startAwsApis([
    schedulerApi({ book: scheduler.book, groups: [names.scheduleGroup] }),
    ssmApi(parameter),
    ecsApi({ tasks, cluster: names.cluster }),
    eventsApi(names.bus, eventsFile(eventsPath)),
  ]);
}

export type Endpoints = { readonly dynamo: LocalDynamo; readonly sqs: LocalSqs; readonly apis: ApiServer };

/** What every SDK client of a rehearsal finds in its environment, here and in the functions. */
export function awsEnv({ dynamo, sqs, apis }: Endpoints): Readonly<Record<string, string>> {
  return {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'rehearsal',
    AWS_SECRET_ACCESS_KEY: 'rehearsal',
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_ENDPOINT_URL_SQS: sqs.endpoint,
    AWS_ENDPOINT_URL_S3: sqs.endpoint,
    AWS_ENDPOINT_URL_SCHEDULER: apis.url,
    AWS_ENDPOINT_URL_SSM: apis.url,
    AWS_ENDPOINT_URL_ECS: apis.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: apis.url,
  };
}

export type Queues = Readonly<Record<QueueName, SqsQueue<unknown>>>;
export type Cloud = {
  readonly world: World;
  readonly queues: Queues;
  /** Sends to the queue of that ARN. */
  send(arn: string, message: unknown): Promise<void>;
};

const PORTS = (Object.keys(PORT_KEYS) as (keyof World)[]).filter((port) => port !== 'log');

/** From here on this process speaks to the stand-ins alone, as if they were AWS. */
export async function openCloud(endpoints: Endpoints, places: Places, log: World['log']): Promise<Cloud> {
  pointAwsAt(awsEnv(endpoints));
  const making = dynamoDbClient();
  await ensureTable(making, places.names.table);
  making.destroy();
  const ports = await openWorld(stageEnv(places), PORTS);
  const client = sqsClient();
  const { names, queueUrl, queueArn } = places;
  const queueOf = (name: QueueName): SqsQueue<unknown> =>
    sqsQueue({ client, url: queueUrl(names.queue(name)), deadLetterUrl: queueUrl(names.deadLetters(name)) });
  const dead = sqsQueue({ client, url: queueUrl(names.deadLetters('schedules')) });
  const all: Queues = { runs: queueOf('runs'), revenue: queueOf('revenue'), work: queueOf('work') };
  const byArn = new Map([
    ...queues.map(({ name }) => [queueArn(names.queue(name)), all[name]] as const),
    [queueArn(names.deadLetters('schedules')), dead] as const,
  ]);
  return {
    // The ports that AWS opens, and the log of this machine.
    world: { ...ports, log } as World,
    queues: all,
    async send(arn, message) {
      const queue = byArn.get(arn);
      if (!queue) throw new NovaError('misconfigured', `a schedule's target is not one of our queues: ${arn}`);
      await queue.send(message);
    },
  };
}
