/** A deployed stage as its owner's command sees it: the ports and shelves that the stage's manifest names. */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { NovaError } from '../domain/error.ts';
import type { Admin, TableBackups } from '../ports/admin.ts';
import type { Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { dynamoDbClient } from './clients/dynamodb.ts';
import { secretsManagerClient } from './clients/secret-versions.ts';
import { sqsClient } from './clients/sqs.ts';
import { ssmClient } from './clients/ssm.ts';
import { stsClient } from './clients/sts.ts';
import { dynamoTable } from './dynamo-table.ts';
import { secretShelf } from './secret-shelf.ts';
import { serviceError } from './service-error.ts';
import { sqsQueue } from './sqs-queue.ts';
import { readParameter } from './ssm-secrets.ts';
import { tableBackups } from './table-backups.ts';
import { openWorld, rotatedNames } from './world.ts';

const PORTS = [
  'settings',
  'publicUrl',
  'time',
  'ids',
  'hashing',
  'table',
  'policy',
  'runs',
  'revenue',
  'work',
  'secrets',
  'roots',
  'stripe',
  'gumroad',
] as const;

export type Stage = {
  readonly world: Pick<World, (typeof PORTS)[number]>;
  readonly admin: Admin;
  /** Who the credentials belong to: `sts:<arn>`. */
  readonly actor: string;
};

type Manifest = {
  readonly env: Readonly<Record<string, string>>;
  readonly deadLetters: Readonly<Record<string, string>>;
};

/** The keys of the environment that hold the queues' addresses. */
const QUEUE_KEYS = { runs: 'NOVA_QUEUE_RUNS', revenue: 'NOVA_QUEUE_REVENUE', work: 'NOVA_QUEUE_WORK' } as const;

/**
 * Opens a stage, whose name was checked, with the credentials that the AWS SDK finds.
 * @throws NovaError not_found when the account has no such stage; misconfigured without rights or credentials.
 */
export async function openStage(stage: string): Promise<Stage> {
  const [manifest, actor] = await Promise.all([readManifest(stage), callerOf()]);
  const clients = { ssm: ssmClient(), manager: secretsManagerClient() };
  const secrets = secretShelf(clients, `/nova/${stage}/secrets/`, rotatedNames(manifest.env));
  return {
    world: await openWorld(manifest.env, PORTS).catch((thrown: unknown) => outdated(stage, thrown)),
    admin: { queues: queuesOf(manifest), secrets, mails: null, backups: backupsOf(manifest) },
    actor,
  };
}

/** What this version asks for and the manifest does not name came after the stage's last deploy. */
function outdated(stage: string, thrown: unknown): never {
  if (!(thrown instanceof NovaError) || !/^environment: \w+ is missing/.test(thrown.message)) throw thrown;
  const message = `the stage "${stage}" was deployed by an older version: nova --stage ${stage} cloud deploy`;
  throw new NovaError('misconfigured', `${message} (${thrown.message})`, { cause: thrown });
}

function backupsOf({ env }: Manifest): TableBackups {
  const client = dynamoDbClient();
  const tableOf = (tableName: string): Table => dynamoTable({ client, tableName });
  return tableBackups({ client, tableName: env.NOVA_TABLE ?? '', tableOf });
}

async function readManifest(stage: string): Promise<Manifest> {
  const name = `/nova/${stage}/manifest`;
  const text = await readParameter(ssmClient(), name).catch((thrown: unknown) => {
    const missing = thrown instanceof NovaError && thrown.message.includes('missing or empty');
    throw missing
      ? new NovaError('not_found', `there is no stage "${stage}" in this account and region (${name})`)
      : thrown;
  });
  const said = JSON.parse(text) as Partial<Manifest>;
  if (!said.env || !said.deadLetters) throw new NovaError('corrupt', `${name} is not the manifest of a stage`);
  return { env: said.env, deadLetters: said.deadLetters };
}

async function callerOf(): Promise<string> {
  try {
    const { Arn } = await stsClient().send(new GetCallerIdentityCommand({}));
    return `sts:${Arn ?? 'unknown'}`;
  } catch (thrown) {
    throw serviceError('STS could not say whose credentials these are', thrown);
  }
}

function queuesOf({ env, deadLetters }: Manifest): Admin['queues'] {
  const client = sqsClient();
  return Object.fromEntries(
    Object.entries(QUEUE_KEYS).map(([name, key]) => {
      const deadLetterUrl = deadLetters[name];
      const url = env[key] ?? '';
      return [name, sqsQueue<unknown>({ client, url, ...(deadLetterUrl ? { deadLetterUrl } : {}) })];
    }),
  );
}
