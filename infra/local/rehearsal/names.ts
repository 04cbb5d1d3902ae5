/** What the local stage is called and told: the names that the stacks would give, and the environment made of them. */
import type { Settings } from '../../../shared/ports/settings.ts';
import { settingsEnv } from '../../../shared/runtime/env.ts';
import { type FunctionEnv, functionEnv } from '../../function-env.ts';
import type { FunctionRow, QueueName, TaskRow } from '../../topology.ts';

export type Names = ReturnType<typeof localNames>;

export function localNames(stage: string) {
  const own = `nova-${stage}`;
  return {
    table: own,
    queue: (name: QueueName) => `${own}-${name}`,
    deadLetters: (name: QueueName | 'schedules') => `${own}-${name}-dead`,
    function: (name: string) => `${own}-${name}`,
    scheduleGroup: own,
    cluster: own,
    family: (name: string) => `${own}-${name}`,
    auditBucket: `${own}-audit`,
    bus: own,
    publicUrlParameter: `/nova/${stage}/public-url`,
    secretsPrefix: `/nova/${stage}/secrets/`,
  };
}

/** Where things are on this machine. */
export type Places = {
  readonly names: Names;
  readonly settings: Settings;
  readonly queueUrl: (queue: string) => string;
  readonly queueArn: (queue: string) => string;
  /** The mail catcher's; null when the owner wants mails to leave. */
  readonly mailUrl: string | null;
  /** An OPA server that the owner named. */
  readonly opaUrl?: string | undefined;
};

/** All keys there are: what the engine's own world is opened with. */
export function stageEnv({ names, settings, queueUrl, queueArn, mailUrl, opaUrl }: Places): FunctionEnv {
  return {
    ...settingsEnv(settings),
    NOVA_TABLE: names.table,
    NOVA_QUEUE_RUNS: queueUrl(names.queue('runs')),
    NOVA_QUEUE_REVENUE: queueUrl(names.queue('revenue')),
    NOVA_QUEUE_WORK: queueUrl(names.queue('work')),
    NOVA_SECRETS_PREFIX: names.secretsPrefix,
    NOVA_AUDIT_BUCKET: names.auditBucket,
    // The stand-in of SSM has all of them.
    NOVA_ROTATED_SECRETS: 'none',
    NOVA_EVENT_BUS: names.bus,
    NOVA_PUBLIC_URL_PARAMETER: names.publicUrlParameter,
    NOVA_SCHEDULE_GROUP: names.scheduleGroup,
    NOVA_SCHEDULE_ROLE_ARN: 'arn:aws:iam::000000000000:role/nova-local-schedules',
    NOVA_SCHEDULE_TARGET_ARN: queueArn(names.queue('runs')),
    NOVA_SCHEDULE_DEAD_LETTERS_ARN: queueArn(names.deadLetters('schedules')),
    NOVA_CLUSTER: names.cluster,
    NOVA_TASK_SUBNETS: 'subnet-local',
    NOVA_TASK_SECURITY_GROUPS: 'sg-local',
    ...(mailUrl && { NOVA_MAIL_URL: mailUrl }),
    ...(opaUrl && { OPA_URL: opaUrl }),
  };
}

/** The NOVA_ keys of one function, as its stack would hand them over; those who send mail learn of the catcher. */
export function envOf(row: FunctionRow, places: Places): FunctionEnv {
  const all = stageEnv(places);
  const { names, queueUrl } = places;
  const { on, uses } = row;
  return {
    ...functionEnv(row, all, settingsEnv(places.settings)),
    ...('queue' in on && {
      NOVA_INBOX: queueUrl(names.queue(on.queue)),
      NOVA_DEAD_LETTERS: queueUrl(names.deadLetters(on.queue)),
    }),
    ...(places.mailUrl && uses.secrets?.includes('sendgrid-api-key') && { NOVA_MAIL_URL: places.mailUrl }),
  };
}

/** What a task is told beside its own ticket: the same as its definition would say. */
export const taskEnv = (row: TaskRow, places: Places): FunctionEnv =>
  functionEnv(row, stageEnv(places), settingsEnv(places.settings));
