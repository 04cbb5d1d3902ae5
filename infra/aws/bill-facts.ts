/**
 * What the templates of a tree use by existing, and what everything costs, as JSON for `nova bill`:
 * node infra/aws/bill-facts.ts <root of the tree> <stage or -> <folder for the templates> <choices as JSON>. No account, no network, no
 * bundles. The tree may be an older one: only its stacks are its own, the prices are ours.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { App } from 'aws-cdk-lib/core';
import { functions } from '../topology.ts';
import { type BillTemplate, idleUsages } from './idle-bill.ts';
import { PRICES } from './price-table.ts';

export type BillFacts = {
  readonly stage: string;
  readonly uses: readonly { readonly price: string; readonly milli: number; readonly what: string }[];
  readonly prices: { readonly [name: string]: { readonly picos: number; readonly freeMilli: number } };
  readonly memory: { readonly runMb: number; readonly revenueMb: number };
};

type Wanted = { readonly folder: string; readonly choices: Readonly<Record<string, unknown>> };

type Stacks = Pick<typeof import('./stacks.ts'), 'novaStacks'>;
type Context = Pick<typeof import('./context.ts'), 'choicesFrom'>;

async function templatesOf(
  root: string,
  stage: string,
  { folder, choices }: Wanted,
): Promise<{ stage: string; templates: BillTemplate[] }> {
  const from = async <T>(path: string): Promise<T> => (await import(pathToFileURL(join(root, path)).href)) as T;
  const { novaStacks } = await from<Stacks>('infra/aws/stacks.ts');
  const { choicesFrom } = await from<Context>('infra/aws/context.ts');
  const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
  const chosen: Record<string, unknown> = { ...context, ...choices, ...(stage === '-' ? {} : { stage }) };
  const app = new App({ outdir: folder, analyticsReporting: false, context });
  const codeOf = (): lambda.Code => lambda.Code.fromInline('export const handler = async () => {};');
  const imageOf = (): ContainerImage => ContainerImage.fromRegistry('whatever/it@sha256:0');
  novaStacks(app, { choices: choicesFrom((name) => chosen[name]), codeOf, imageOf });
  const { stacks } = app.synth({ skipValidation: true });
  return { stage: String(chosen.stage), templates: stacks.map(({ template }) => template as BillTemplate) };
}

const memoryOf = (name: string): number => functions.find((row) => row.name === name)?.memoryMb ?? 512;

async function factsOf(root: string, stage: string, wanted: Wanted): Promise<BillFacts> {
  const found = await templatesOf(resolve(root), stage, wanted);
  const prices = Object.entries(PRICES).map(([name, { usd, free }]) => {
    return [name, { picos: Math.round(usd * 1e12), freeMilli: Math.round(free * 1000) }] as const;
  });
  return {
    stage: found.stage,
    uses: idleUsages(found.templates).map(({ price, amount, what }) => ({
      price,
      milli: Math.round(amount * 1000),
      what,
    })),
    prices: Object.fromEntries(prices),
    memory: { runMb: memoryOf('run-agent'), revenueMb: memoryOf('record-revenue') },
  };
}

const [root = '.', stage = '-', folder = 'cdk.out', choices = '{}'] = process.argv.slice(2);
const wanted: Wanted = { folder, choices: JSON.parse(choices) as Wanted['choices'] };
process.stdout.write(JSON.stringify(await factsOf(root, stage, wanted)));
