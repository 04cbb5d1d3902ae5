/** Both stacks of a stage as templates, made in this process once per test file. No bundle is needed for what they say. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { App } from 'aws-cdk-lib/core';
import type { Choices } from '../../infra/aws/context.ts';
import { imagesFor } from '../../infra/aws/images.ts';
import { checkEverything, novaStacks } from '../../infra/aws/stacks.ts';

export const CHOICES: Choices = {
  stage: 'test',
  ownerEmail: 'owner@nova.test',
  senderEmail: 'nova@nova.test',
  timezone: 'America/New_York',
  currency: 'USD',
  maxConcurrentRuns: 16,
  requestsPerSecond: 20,
  monthlyBudgetUsd: 50,
  logRetentionDays: 30,
  waf: false,
  examples: [],
};

export type Resource = {
  readonly id: string;
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
};
export type Template = {
  readonly Resources: Readonly<Record<string, Omit<Resource, 'id'>>>;
  readonly Outputs?: Readonly<Record<string, { readonly Export?: unknown }>>;
  readonly Parameters?: Readonly<Record<string, unknown>>;
};

const CDK = join(import.meta.dirname, '../../cdk.json');
const { context } = JSON.parse(readFileSync(CDK, 'utf8')) as { readonly context: Readonly<Record<string, unknown>> };
const FLAGS = Object.fromEntries(Object.entries(context).filter(([name]) => name.startsWith('@aws-cdk')));

/** What the images are built from is not looked into. */
const DOCKERFILES = join(import.meta.dirname, '../../containers');

/** CDK's own schema check of the finished template takes a second; synthesis with the CLI makes it, not this. */
process.env.CDK_VALIDATION = 'false';

/** With the feature flags of cdk.json, which the CLI would hand over. */
export const newApp = (): App => new App({ analyticsReporting: false, context: FLAGS });

export function stacksOf(choices: Partial<Choices> = {}, acknowledged = true) {
  const app = newApp();
  checkEverything(app, false);
  const codeOf = () => lambda.Code.fromInline('export const handler = async () => {};');
  const all = { ...CHOICES, ...choices };
  const imageOf = imagesFor(all.containers, DOCKERFILES);
  return { app, ...novaStacks(app, { choices: all, codeOf, imageOf, acknowledged }) };
}

export function synthesized(choices: Partial<Choices> = {}): { data: Template; work: Template } {
  const { app, data, work } = stacksOf(choices);
  const assembly = app.synth();
  return {
    data: assembly.getStackByName(data.stackName).template as Template,
    work: assembly.getStackByName(work.stackName).template as Template,
  };
}

export function resources(template: Template, ...types: readonly string[]): Resource[] {
  return Object.entries(template.Resources)
    .filter(([, { Type }]) => types.length === 0 || types.includes(Type))
    .map(([id, resource]) => ({ ...resource, id, Properties: resource.Properties ?? {} }));
}
