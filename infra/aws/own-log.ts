/** Every log group of a stage: kept as long as the owner chose, under the stage's own key, gone with the stack. */
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Choices } from './context.ts';
import type { Names } from './names.ts';

export type LogGround = { readonly names: Names; readonly choices: Choices };

export function ownLog(scope: Construct, id: string, { names, choices, name }: LogGround & { name: string }) {
  return new logs.LogGroup(scope, id, {
    logGroupName: name,
    retention: choices.logRetentionDays,
    encryptionKey: stageKey(scope, names),
    removalPolicy: RemovalPolicy.DESTROY,
  });
}

/** The key of the data stack, once per stack. Its address passes through SSM: an export would chain the stacks together. */
export function stageKey(scope: Construct, names: Names): kms.IKey {
  const stack = Stack.of(scope);
  const found = stack.node.tryFindChild('StageKey');
  if (found) return found as kms.Key;
  return kms.Key.fromKeyArn(stack, 'StageKey', ssm.StringParameter.valueForStringParameter(stack, names.keyParameter));
}
