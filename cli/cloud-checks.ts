/** What must be so before a deploy can work, and what must be set before a stage can: each with what to do about it. */
import { bootstrapVersion, caller, concurrencyLimit, stackStates } from '../shared/aws/account.ts';
import { senderState } from '../shared/connectors/sendgrid-sender.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { LOGIN_FIX, REGION_FIX } from './account-words.ts';

export type CloudCheck = {
  readonly id: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** What to do about it; empty when nothing is to be done. */
  readonly fix: string;
};

/** The version of the CDK's own stack that its templates ask for. */
const BOOTSTRAP_LEAST = 6;
/** What AWS keeps unreserved in any account; below it functions wait for each other. */
const CONCURRENCY_ENOUGH = 100;
/** Without these the stage deploys, and then cannot do what it is for. */
const NEEDED = [
  ['sendgrid-api-key', 'no mail leaves: nobody can approve anything'],
  ['stripe-webhook-secret', 'payments by Stripe are not heard of at once'],
] as const;

export const stackNames = (stage: string): readonly string[] => [`nova-${stage}-data`, `nova-${stage}-work`];

const ok = (id: string, message: string): CloudCheck => ({ id, status: 'ok', message, fix: '' });
const failed = (id: string, message: string, fix: string): CloudCheck => ({ id, status: 'failed', message, fix });
const warning = (id: string, message: string, fix: string): CloudCheck => ({ id, status: 'warning', message, fix });

async function tried(id: string, look: () => Promise<CloudCheck>): Promise<CloudCheck> {
  try {
    return await look();
  } catch (thrown) {
    return warning(id, `could not be looked at: ${messageOf(thrown)}`, 'the deploy may work all the same');
  }
}

/** Before anything is asked of an account. The first that fails ends the list: the rest would only repeat it. */
export async function accountChecks(stage: string): Promise<CloudCheck[]> {
  const known = await credentials();
  if (known.status === 'failed') return [known];
  return [
    known,
    await tried('bootstrap', bootstrap),
    await tried('quota', quota),
    await tried('stacks', () => stacks(stage)),
  ];
}

/** Whose credentials these are. */
export async function credentials(): Promise<CloudCheck> {
  try {
    const { account, arn, region } = await caller();
    return ok('credentials', `${arn} in ${account}, ${region}`);
  } catch (thrown) {
    const code = thrown instanceof NovaError ? thrown.code : 'broken';
    const fixes: Readonly<Record<string, string>> = {
      misconfigured: REGION_FIX,
      unavailable: 'look at the network, a proxy, and the name of the region',
    };
    return failed('credentials', messageOf(thrown), fixes[code] ?? LOGIN_FIX);
  }
}

async function bootstrap(): Promise<CloudCheck> {
  const version = await bootstrapVersion();
  if (version === null) return failed('bootstrap', 'the CDK was never here', 'nova cloud bootstrap');
  return version >= BOOTSTRAP_LEAST
    ? ok('bootstrap', `version ${version}`)
    : failed('bootstrap', `version ${version}, and ${BOOTSTRAP_LEAST} is needed`, 'nova cloud bootstrap');
}

async function quota(): Promise<CloudCheck> {
  const limit = await concurrencyLimit();
  return limit >= CONCURRENCY_ENOUGH
    ? ok('quota', `${limit} invocations at a time`)
    : warning(
        'quota',
        `${limit} invocations at a time, over all functions: runs will wait for each other`,
        'ask AWS to raise "Concurrent executions" of Lambda to 1,000; it is free',
      );
}

/** A stack in a state that no deploy can leave by itself. */
const STUCK = /ROLLBACK_FAILED|^ROLLBACK_COMPLETE$|_IN_PROGRESS$|DELETE_FAILED/;

async function stacks(stage: string): Promise<CloudCheck> {
  const states = await stackStates(stackNames(stage));
  const stuck = states.filter(({ status }) => status !== null && STUCK.test(status));
  const told = states.map(({ name, status }) => `${name} ${status ?? 'is not there'}`).join(', ');
  return stuck.length === 0
    ? ok('stacks', told)
    : failed('stacks', told, 'see the stack’s events in CloudFormation; one in progress only has to be waited for');
}

type StageWorld = {
  readonly settings: { readonly senderEmail: string };
  readonly secrets: { get(name: string): Promise<string> };
};

/** Of a stage that is there: what it cannot do yet. */
export async function stageChecks(
  world: StageWorld,
  names: readonly string[],
  baseUrl?: string,
): Promise<CloudCheck[]> {
  const secrets = NEEDED.map(([name, without]) =>
    names.includes(name)
      ? ok(name, 'is set')
      : warning(name, `is not set: ${without}`, `nova --stage <stage> secret set ${name}`),
  );
  if (!names.includes('sendgrid-api-key')) return secrets;
  return [...secrets, await tried('sender', () => sender(world, baseUrl))];
}

async function sender({ settings, secrets }: StageWorld, baseUrl?: string): Promise<CloudCheck> {
  const apiKey = await secrets.get('sendgrid-api-key');
  const { senderEmail } = settings;
  const { state, why } = await senderState({ apiKey, sender: senderEmail, ...(baseUrl ? { baseUrl } : {}) });
  if (state === 'verified') return ok('sender', `${senderEmail}: ${why}`);
  return warning(
    'sender',
    `${senderEmail}: ${why}`,
    'SendGrid, Settings, Sender Authentication: verify the sender or authenticate its domain',
  );
}
