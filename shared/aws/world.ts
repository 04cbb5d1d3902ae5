/**
 * The ports as AWS keeps them, opened one by one: a function that needs the table and one queue loads no client of
 * anything else. Lambda's wrapper and the command (with its caller's own rights) both come in here.
 */
import { NovaError } from '../domain/error.ts';
import type { Http, Llm } from '../ports/outside.ts';
import type { Inbox, Queue } from '../ports/queue.ts';
import type { World } from '../ports/world.ts';
import { systemTime } from '../runtime/clock.ts';
import { type EnvKey, type EnvSource, readEnv, readOptional, SETTINGS_KEYS, settingsFrom } from '../runtime/env.ts';
import { lateEvents } from './late-events.ts';
import { lateGauges } from './late-gauges.ts';
import { lateRoots } from './late-roots.ts';

/** The keys of the environment that each port is made from. */
export const PORT_KEYS: { readonly [port in keyof World]: readonly EnvKey[] } = {
  settings: SETTINGS_KEYS,
  publicUrl: ['NOVA_PUBLIC_URL_PARAMETER'],
  time: [],
  heart: [],
  ids: [],
  hashing: [],
  log: [],
  table: ['NOVA_TABLE'],
  policy: [],
  runs: ['NOVA_QUEUE_RUNS'],
  revenue: ['NOVA_QUEUE_REVENUE'],
  work: ['NOVA_QUEUE_WORK'],
  scheduler: [
    'NOVA_SCHEDULE_GROUP',
    'NOVA_SCHEDULE_ROLE_ARN',
    'NOVA_SCHEDULE_TARGET_ARN',
    'NOVA_SCHEDULE_DEAD_LETTERS_ARN',
  ],
  // The cluster is a choice: a stage without it says so when a task is wanted.
  launcher: ['NOVA_STAGE'],
  mailer: ['NOVA_SENDER_EMAIL', 'NOVA_SECRETS_PREFIX'],
  pager: ['NOVA_SECRETS_PREFIX'],
  events: ['NOVA_EVENT_BUS'],
  gauges: ['NOVA_TABLE'],
  secrets: ['NOVA_SECRETS_PREFIX'],
  roots: ['NOVA_AUDIT_BUCKET'],
  stripe: ['NOVA_SECRETS_PREFIX'],
  gumroad: ['NOVA_SECRETS_PREFIX'],
  // Robots say who can be written to about them.
  http: ['NOVA_SENDER_EMAIL'],
  llm: ['NOVA_SECRETS_PREFIX'],
  host: [],
};

type Openers = { readonly [port in keyof World]: (env: EnvSource) => Promise<World[port]> };

const OPENERS: Openers = {
  settings: async (env) => settingsFrom(env),
  publicUrl: openPublicUrl,
  time: async () => systemTime,
  heart: async () => (await import('../runtime/heart.ts')).heart,
  ids: async () => (await import('../runtime/ids.ts')).systemIds(systemTime),
  hashing: async () => (await import('../runtime/hashing.ts')).systemHashing,
  log: async () => (await import('../runtime/lambda-log.ts')).lambdaLog('nova'),
  table: openTable,
  policy: openJudge,
  runs: async (env) => lateQueue(readEnv(['NOVA_QUEUE_RUNS'], env).NOVA_QUEUE_RUNS),
  revenue: async (env) => lateQueue(readEnv(['NOVA_QUEUE_REVENUE'], env).NOVA_QUEUE_REVENUE),
  work: async (env) => lateQueue(readEnv(['NOVA_QUEUE_WORK'], env).NOVA_QUEUE_WORK),
  scheduler: openScheduler,
  launcher: async (env) => lateLauncher(env),
  mailer: openMailer,
  pager: openPager,
  events: async (env) => lateEvents(readEnv(['NOVA_EVENT_BUS'], env).NOVA_EVENT_BUS),
  gauges: async (env) => lateGauges(readEnv(['NOVA_TABLE'], env).NOVA_TABLE),
  secrets: openSecrets,
  roots: async (env) => lateRoots(readEnv(['NOVA_AUDIT_BUCKET'], env).NOVA_AUDIT_BUCKET),
  llm: async (env) => lateLlm(env),
  http: async (env) => lateHttp(readEnv(['NOVA_SENDER_EMAIL'], env).NOVA_SENDER_EMAIL),
  stripe: openStripe,
  gumroad: openGumroad,
  host: async () => (await import('../runtime/in-process-host.ts')).inProcessHost(systemTime),
};

/** Opens the named ports. @throws NovaError misconfigured, with everything that the environment lacks for them. */
export async function openWorld<Port extends keyof World>(
  env: EnvSource,
  needs: readonly Port[],
): Promise<Pick<World, Port>> {
  readEnv([...new Set(needs.flatMap((port) => PORT_KEYS[port]))], env);
  const opened = await Promise.all(needs.map(async (port) => [port, await openPort(port, env)] as const));
  return Object.fromEntries(opened) as Pick<World, Port>;
}

function openPort(port: keyof World, env: EnvSource): Promise<World[keyof World]> {
  if (!Object.hasOwn(OPENERS, port)) throw new NovaError('broken', `there is no port ${port}`);
  return OPENERS[port](env);
}

/** Gives messages of a function's own queue back, or buries them. */
export async function openReturns(env: EnvSource): Promise<Pick<Inbox, 'giveBack' | 'quarantine'>> {
  const { NOVA_INBOX, NOVA_DEAD_LETTERS } = readEnv(['NOVA_INBOX', 'NOVA_DEAD_LETTERS'], env);
  return openQueue(NOVA_INBOX, NOVA_DEAD_LETTERS);
}

async function openTable(env: EnvSource): Promise<World['table']> {
  const [{ dynamoDbClient }, { dynamoTable }] = await Promise.all([
    import('./clients/dynamodb.ts'),
    import('./dynamo-table.ts'),
  ]);
  return dynamoTable({ client: dynamoDbClient(), tableName: readEnv(['NOVA_TABLE'], env).NOVA_TABLE });
}

async function openJudge(env: EnvSource): Promise<World['policy']> {
  const { openPolicy } = await import('../policy/open-policy.ts');
  return openPolicy(systemTime, readOptional('OPA_URL', env));
}

/** Only some blueprints fetch; the HTTP client is the largest thing that any function may load. */
function lateHttp(contact: string): Http {
  let opened: Promise<Http> | undefined;
  return {
    get: async (url, options) => {
      opened ??= import('../connectors/guarded-http.ts').then(({ guardedHttp }) => guardedHttp({ contact }));
      return (await opened).get(url, options);
    },
  };
}

/** Only some blueprints ask a model: its vendor and the client of secrets are loaded with the first question. */
function lateLlm(env: EnvSource): Llm {
  let opened: Promise<Llm> | undefined;
  const open = async (): Promise<Llm> => {
    const [{ anthropic }, secrets] = await Promise.all([import('../connectors/anthropic.ts'), openSecrets(env)]);
    const baseUrl = readOptional('NOVA_ANTHROPIC_URL', env);
    return anthropic({ secrets, ...(baseUrl ? { baseUrl } : {}) });
  };
  return {
    open: async (model) => {
      opened ??= open();
      return (await opened).open(model);
    },
  };
}

/** Most runs send nothing: the client is loaded with the first message. */
function lateQueue<Message>(url: string): Queue<Message> {
  let opened: Promise<Queue<Message>> | undefined;
  const queue = (): Promise<Queue<Message>> => {
    opened ??= openQueue<Message>(url);
    return opened;
  };
  return {
    send: async (message, options) => (await queue()).send(message, options),
    sendMany: async (messages) => (await queue()).sendMany(messages),
  };
}

async function openQueue<Message>(url: string, deadLetterUrl?: string) {
  const [{ sqsClient }, { sqsQueue }] = await Promise.all([import('./clients/sqs.ts'), import('./sqs-queue.ts')]);
  return sqsQueue<Message>({ client: sqsClient(), url, ...(deadLetterUrl ? { deadLetterUrl } : {}) });
}

async function openScheduler(env: EnvSource): Promise<World['scheduler']> {
  const [{ schedulerClient }, { EventBridgeScheduler }] = await Promise.all([
    import('./clients/scheduler.ts'),
    import('./eventbridge-scheduler.ts'),
  ]);
  const keys = readEnv(PORT_KEYS.scheduler, env);
  return new EventBridgeScheduler(schedulerClient(), {
    group: keys.NOVA_SCHEDULE_GROUP,
    roleArn: keys.NOVA_SCHEDULE_ROLE_ARN,
    queueArn: keys.NOVA_SCHEDULE_TARGET_ARN,
    deadLetterArn: keys.NOVA_SCHEDULE_DEAD_LETTERS_ARN,
  });
}

/** Most runs need no task: the client is loaded with the first one. Without a cluster there is nothing to launch on. */
function lateLauncher(env: EnvSource): World['launcher'] {
  let opened: Promise<World['launcher']> | undefined;
  const launcher = (): Promise<World['launcher']> => {
    opened ??= openLauncher(env);
    return opened;
  };
  return {
    runTask: async (order) => (await launcher()).runTask(order),
    stopTask: async (taskId, reason) => (await launcher()).stopTask(taskId, reason),
    listTasks: async (family) => (await launcher()).listTasks(family),
  };
}

async function openLauncher(env: EnvSource): Promise<World['launcher']> {
  if (readOptional('NOVA_CLUSTER', env) === undefined) {
    throw new NovaError('misconfigured', 'this stage runs no tasks: deploy it with -c containers=true');
  }
  const [{ ecsClient }, { EcsLauncher }] = await Promise.all([import('./clients/ecs.ts'), import('./ecs-launcher.ts')]);
  const keys = readEnv(['NOVA_STAGE', 'NOVA_CLUSTER', 'NOVA_TASK_SUBNETS', 'NOVA_TASK_SECURITY_GROUPS'], env);
  return new EcsLauncher(ecsClient(), {
    cluster: keys.NOVA_CLUSTER,
    subnets: keys.NOVA_TASK_SUBNETS.split(','),
    securityGroups: keys.NOVA_TASK_SECURITY_GROUPS.split(','),
    publicIp: readOptional('NOVA_TASK_PUBLIC_IP', env) !== 'no',
    gpuProvider: readOptional('NOVA_TASK_GPU_PROVIDER', env),
    prefix: `nova-${keys.NOVA_STAGE}-`,
  });
}

async function openMailer(env: EnvSource): Promise<World['mailer']> {
  const [{ sendgridMailer }, { withFreshSecret }, secrets] = await Promise.all([
    import('../connectors/sendgrid.ts'),
    import('../connectors/fresh-secret.ts'),
    openSecrets(env),
  ]);
  const baseUrl = readOptional('NOVA_MAIL_URL', env);
  const mailer = sendgridMailer({
    apiKey: () => secrets.get('sendgrid-api-key'),
    sender: readEnv(['NOVA_SENDER_EMAIL'], env).NOVA_SENDER_EMAIL,
    ...(baseUrl ? { baseUrl } : {}),
  });
  const key = { names: ['sendgrid-api-key'], refusal: 'misconfigured' } as const;
  return { send: async (mail) => withFreshSecret(secrets, key, () => mailer.send(mail)) };
}

/** Loaded with the first alert that goes this way. */
async function openPager(env: EnvSource): Promise<World['pager']> {
  return {
    page: async (page) => {
      const [{ pager }, secrets] = await Promise.all([import('../connectors/pager.ts'), openSecrets(env)]);
      await pager({ secrets, time: systemTime }).page(page);
    },
  };
}

async function openStripe(env: EnvSource): Promise<World['stripe']> {
  const [{ stripeBooks }, secrets] = await Promise.all([import('../connectors/stripe-api.ts'), openSecrets(env)]);
  const baseUrl = readOptional('NOVA_STRIPE_URL', env);
  return stripeBooks({ secrets, ...(baseUrl ? { baseUrl } : {}) });
}

async function openGumroad(env: EnvSource): Promise<World['gumroad']> {
  const [{ gumroadBooks }, secrets] = await Promise.all([import('../connectors/gumroad-api.ts'), openSecrets(env)]);
  const baseUrl = readOptional('NOVA_GUMROAD_URL', env);
  return gumroadBooks({ secrets, ...(baseUrl ? { baseUrl } : {}) });
}

async function openSecrets(env: EnvSource): Promise<World['secrets']> {
  const prefix = readEnv(['NOVA_SECRETS_PREFIX'], env).NOVA_SECRETS_PREFIX;
  const rotated = rotatedNames(env);
  const { CachedSecrets } = await import('./cached-secrets.ts');
  const read = async (name: string): Promise<string> => {
    if (rotated.includes(name)) {
      const [{ secretsManagerClient }, { readSecret }] = await Promise.all([
        import('./clients/secret-versions.ts'),
        import('./secret-versions.ts'),
      ]);
      return readSecret(secretsManagerClient(), `${prefix}${name}`);
    }
    const [{ ssmClient }, { readParameter }] = await Promise.all([
      import('./clients/ssm.ts'),
      import('./ssm-secrets.ts'),
    ]);
    return readParameter(ssmClient(), `${prefix}${name}`);
  };
  return new CachedSecrets(read, systemTime);
}

/** Which secrets are in Secrets Manager. */
export const rotatedNames = (env: EnvSource): readonly string[] =>
  (readOptional('NOVA_ROTATED_SECRETS', env) ?? '').split(',').filter(Boolean);

/** Read when it is first asked for, and then remembered: it changes with a new API only. */
async function openPublicUrl(env: EnvSource): Promise<World['publicUrl']> {
  const { NOVA_PUBLIC_URL_PARAMETER: name } = readEnv(['NOVA_PUBLIC_URL_PARAMETER'], env);
  let url: Promise<string> | undefined;
  const read = async (): Promise<string> => {
    const [{ ssmClient }, { readParameter }] = await Promise.all([
      import('./clients/ssm.ts'),
      import('./ssm-secrets.ts'),
    ]);
    return (await readParameter(ssmClient(), name)).replace(/\/$/, '');
  };
  return () => {
    url ??= read().catch((thrown: unknown) => {
      url = undefined;
      throw thrown;
    });
    return url;
  };
}
