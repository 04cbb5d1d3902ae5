/** What an account says before and after a deploy: who asks, what it may run at a time, how the stacks of a stage stand. */
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { messageOf, NovaError } from '../domain/error.ts';
import { cloudFormationClient } from './clients/cloudformation.ts';
import { lambdaClient } from './clients/lambda.ts';
import { ssmClient } from './clients/ssm.ts';
import { stsClient } from './clients/sts.ts';
import { errorName, serviceError } from './service-error.ts';
import { readParameter } from './ssm-secrets.ts';

export type Caller = { readonly account: string; readonly arn: string; readonly region: string };
export type StackState = {
  readonly name: string;
  /** CloudFormation's word; null when there is no such stack. */
  readonly status: string | null;
  readonly changedAt: number | null;
};

/** @throws NovaError unauthenticated without credentials that hold, misconfigured without a region, unavailable. */
export async function caller(): Promise<Caller> {
  const client = stsClient();
  try {
    const region = await client.config.region();
    const { Account: account = '', Arn: arn = '' } = await client.send(new GetCallerIdentityCommand({}));
    return { account, arn, region };
  } catch (cause) {
    if (/region/i.test(messageOf(cause)) && errorName(cause) !== 'InvalidClientTokenId')
      throw new NovaError('misconfigured', 'no AWS region is set');
    if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|timeout/i.test(messageOf(cause)))
      throw new NovaError('unavailable', `AWS cannot be reached from here: ${messageOf(cause)}`, { cause });
    throw new NovaError('unauthenticated', `AWS does not know these credentials: ${messageOf(cause)}`, { cause });
  }
}

/** Invocations at a time that the account allows over all functions of the region: 10 in new accounts, 1,000 usually. */
export async function concurrencyLimit(): Promise<number> {
  try {
    const { AccountLimit } = await lambdaClient().send(new GetAccountSettingsCommand({}));
    return AccountLimit?.ConcurrentExecutions ?? 0;
  } catch (cause) {
    throw serviceError('ask Lambda for its limits', cause);
  }
}

/** The stack that the CDK needs in each account and region; null when it was never made. Otherwise its version. */
export async function bootstrapVersion(): Promise<number | null> {
  try {
    return Number(await readParameter(ssmClient(), '/cdk-bootstrap/hnb659fds/version'));
  } catch (cause) {
    if (cause instanceof NovaError && /missing or empty/.test(cause.message)) return null;
    throw cause;
  }
}

export async function stackStates(names: readonly string[]): Promise<readonly StackState[]> {
  const client = cloudFormationClient();
  return Promise.all(
    names.map(async (name): Promise<StackState> => {
      try {
        const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
        const changedAt = (stack?.LastUpdatedTime ?? stack?.CreationTime)?.getTime() ?? null;
        return { name, status: stack?.StackStatus ?? null, changedAt };
      } catch (cause) {
        // CloudFormation answers an unknown name with a plain validation error.
        if (errorName(cause) === 'ValidationError' && /does not exist/.test(messageOf(cause)))
          return { name, status: null, changedAt: null };
        throw serviceError(`look at the stack ${name}`, cause);
      }
    }),
  );
}

/**
 * The table that a stage works on when it is a restored one: a deploy must not go back to the first. undefined where there
 * is no stage yet, or it works on its first.
 */
export async function tableNow(stage: string): Promise<string | undefined> {
  try {
    const { env } = JSON.parse(await readParameter(ssmClient(), `/nova/${stage}/manifest`)) as {
      readonly env?: { readonly NOVA_TABLE?: string };
    };
    return env?.NOVA_TABLE === `nova-${stage}` ? undefined : env?.NOVA_TABLE;
  } catch (cause) {
    if (cause instanceof NovaError && /missing or empty/.test(cause.message)) return undefined;
    throw cause;
  }
}
