import { CloudFormationClient } from '@aws-sdk/client-cloudformation';

/** Only ever asked how stacks stand: what changes them is the CDK. */
export function cloudFormationClient(): CloudFormationClient {
  return new CloudFormationClient({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 10_000 } });
}
