/** The CDK app: two stacks for each stage. Run by cdk.json; needs no account, no network and no home folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { App } from 'aws-cdk-lib/core';
import { bundle, FUNCTIONS_FOLDER, isFresh } from './bundle.ts';
import { ContextError, choicesFrom } from './context.ts';
import { type BillTemplate, idleBill } from './idle-bill.ts';
import { imagesFor } from './images.ts';
import { checkEverything, novaStacks } from './stacks.ts';

/** Bundles are built once, here only when nobody did it before. */
const codeOf = (name: string): lambda.Code => {
  const folder = join(FUNCTIONS_FOLDER, name);
  if (!existsSync(folder)) throw new Error(`${folder} is missing: run npm run bundle`);
  return lambda.Code.fromAsset(folder);
};

/** `-c stages=test,staging,prod` makes several in one go; without it the one of `stage`. */
const stagesIn = (app: App): readonly unknown[] => {
  const several: unknown = app.node.tryGetContext('stages');
  return typeof several === 'string' && several !== '' ? several.split(',') : [app.node.tryGetContext('stage')];
};

try {
  if (!isFresh()) await bundle();
  const app = new App();
  const costs = stagesIn(app).map((stage) => {
    const choices = choicesFrom((name) => (name === 'stage' ? stage : app.node.tryGetContext(name)));
    const { data, work } = novaStacks(app, { choices, codeOf, imageOf: imagesFor(choices.containers) });
    return { stage: choices.stage, names: [data.stackName, work.stackName] };
  });
  checkEverything(app, true);
  const made = app.synth();
  for (const { stage, names } of costs) {
    const { usd, listUsd } = idleBill(names.map((name) => made.getStackByName(name).template as BillTemplate));
    console.error(
      `Idle, ${stage} costs $${usd.toFixed(2)} a month after AWS's lasting free allowances, $${listUsd.toFixed(2)} at list price.`,
    );
  }
} catch (error) {
  if (!(error instanceof ContextError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
