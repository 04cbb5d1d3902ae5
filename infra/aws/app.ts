/** The CDK app: two stacks of one stage. Run by cdk.json; needs no account, no network and no home folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { App } from 'aws-cdk-lib/core';
import { bundle, FUNCTIONS_FOLDER, isFresh } from './bundle.ts';
import { ContextError, choicesFrom } from './context.ts';
import { type BillTemplate, idleBill } from './idle-bill.ts';
import { imagesFor } from './images.ts';
import { novaStacks } from './stacks.ts';

/** Bundles are built once, here only when nobody did it before. */
const codeOf = (name: string): lambda.Code => {
  const folder = join(FUNCTIONS_FOLDER, name);
  if (!existsSync(folder)) throw new Error(`${folder} is missing: run npm run bundle`);
  return lambda.Code.fromAsset(folder);
};

try {
  if (!isFresh()) await bundle();
  const app = new App();
  const choices = choicesFrom((name) => app.node.tryGetContext(name));
  novaStacks(app, { choices, codeOf, imageOf: imagesFor(choices.containers), checks: true });
  const { stacks } = app.synth();
  const { usd, listUsd } = idleBill(stacks.map(({ template }) => template as BillTemplate));
  console.error(
    `Idle, this costs $${usd.toFixed(2)} a month after AWS's lasting free allowances, $${listUsd.toFixed(2)} at list price.`,
  );
} catch (error) {
  if (!(error instanceof ContextError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
