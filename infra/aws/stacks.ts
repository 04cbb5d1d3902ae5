/** Both stacks of a stage, and the checks that they must pass. */
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { type App, Aspects, Tags, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { acknowledge } from './acknowledged.ts';
import type { Choices } from './context.ts';
import { DataStack } from './data-stack.ts';
import { namesOf } from './names.ts';
import { noGpuOnFargate } from './no-gpu-on-fargate.ts';
import type { ImageOf } from './task-cluster.ts';
import { WorkStack } from './work-stack.ts';

export type StacksProps = {
  readonly choices: Choices;
  readonly codeOf: (name: string) => lambda.Code;
  readonly imageOf: ImageOf;
  /** Whether synthesis itself runs cdk-nag; tests ask the packs themselves. */
  readonly checks: boolean;
  /** false: the bare findings, for the test that looks for acknowledgments without one. */
  readonly acknowledged?: boolean;
};

export function novaStacks(
  app: App,
  { choices, codeOf, imageOf, checks, acknowledged = true }: StacksProps,
): { data: DataStack; work: WorkStack } {
  const names = namesOf(choices.stage);
  const data = new DataStack(app, names.dataStack, {
    names,
    choices,
    description: 'NovaOS: what must outlive everything',
  });
  const work = new WorkStack(app, names.workStack, {
    choices,
    codeOf,
    imageOf,
    description: 'NovaOS: what does the work',
  });
  work.addStackDependency(data);
  // CloudFormation's schema knows no tags of dashboards.
  Tags.of(app).add('nova-stage', choices.stage, { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] });
  Aspects.of(app).add(noGpuOnFargate);
  if (acknowledged) acknowledge({ data, work }, choices);
  if (checks) Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  return { data, work };
}
