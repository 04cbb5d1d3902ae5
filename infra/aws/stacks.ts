/** Both stacks of a stage, and the checks that they must pass. */
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { type App, Aspects, type Stack, Tags, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { acknowledge } from './acknowledged.ts';
import type { Choices } from './context.ts';
import { DataStack } from './data-stack.ts';
import type { ImageOf } from './images.ts';
import { namesOf } from './names.ts';
import { noGpuOnFargate } from './no-gpu-on-fargate.ts';
import { WorkStack } from './work-stack.ts';

export type StacksProps = {
  readonly choices: Choices;
  readonly codeOf: (name: string) => lambda.Code;
  readonly imageOf: ImageOf;
  /** false: the bare findings, for the test that looks for acknowledgments without one. */
  readonly acknowledged?: boolean;
};

export function novaStacks(
  app: App,
  { choices, codeOf, imageOf, acknowledged = true }: StacksProps,
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
  for (const stack of [data, work]) tag(stack, choices.stage);
  if (acknowledged) acknowledge({ data, work }, choices);
  return { data, work };
}

// CloudFormation's schema knows no tags of dashboards.
const tag = (stack: Stack, stage: string): void =>
  Tags.of(stack).add('nova-stage', stage, { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] });

/** Once for an app, however many stages are in it. `packs`: cdk-nag too; tests ask its packs themselves. */
export function checkEverything(app: App, packs: boolean): void {
  Aspects.of(app).add(noGpuOnFargate);
  if (!packs) return;
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app), new NIST80053R5Checks(app));
}
