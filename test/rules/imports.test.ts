/** The law of the house: who may import whom. One table, every import checked against it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lawBreaks } from './law.ts';
import { sourceFiles } from './source-files.ts';

test('every import keeps the law of its room', () => {
  const breaks = sourceFiles().flatMap(({ path, text }) => lawBreaks(path, text));
  assert.deepEqual(breaks, []);
});

const INJECTED: readonly { name: string; path: string; text: string }[] = [
  { name: 'domain importing zod', path: 'shared/domain/x.ts', text: "import * as z from 'zod';" },
  {
    name: 'domain importing a Node module',
    path: 'shared/domain/x.ts',
    text: "import { createHash } from 'node:crypto';",
  },
  {
    name: 'domain importing a store',
    path: 'shared/domain/x.ts',
    text: "import { agentKey } from '../store/keys.ts';",
  },
  { name: 'domain reading the clock', path: 'shared/domain/x.ts', text: 'const t = Date.now();' },
  { name: 'domain making a date of now', path: 'shared/domain/x.ts', text: 'const t = new Date();' },
  { name: 'domain throwing dice', path: 'shared/domain/x.ts', text: 'const t = Math.random();' },
  {
    name: 'ports importing a value',
    path: 'shared/ports/x.ts',
    text: "import { agentIdOf } from '../domain/agent.ts';",
  },
  {
    name: 'a store importing the SDK',
    path: 'shared/store/x.ts',
    text: "import { SQSClient } from '@aws-sdk/client-sqs';",
  },
  {
    name: 'an AWS adapter importing a store',
    path: 'shared/aws/x.ts',
    text: "import { agentKey } from '../store/keys.ts';",
  },
  {
    name: 'a handler importing the SDK',
    path: 'functions/web/x.ts',
    text: "import { SQSClient } from '@aws-sdk/client-sqs';",
  },
  {
    name: 'a handler importing another',
    path: 'functions/web/x.ts',
    text: "import { sweep } from '../schedule/sweep.ts';",
  },
  { name: 'a local engine importing the CDK', path: 'infra/local/x.ts', text: "import { App } from 'aws-cdk-lib';" },
  { name: 'the CLI importing the CDK', path: 'cli/commands/x.ts', text: "import { App } from 'aws-cdk-lib';" },
  { name: 'a second reader of the environment', path: 'shared/store/x.ts', text: 'const stage = process.env.STAGE;' },
  { name: 'a client made outside its room', path: 'shared/aws/x.ts', text: 'const c = new DynamoDBClient({});' },
  { name: 'middy outside the wrapper', path: 'shared/runtime/x.ts', text: "import middy from '@middy/core';" },
  { name: 'the fat form of zod', path: 'shared/wire/x.ts', text: "import { z } from 'zod';" },
  { name: 'a barrel', path: 'shared/store/index.ts', text: "export * from './keys.ts';" },
  { name: 'an unknown room', path: 'shared/utils/x.ts', text: 'export const x = 1;' },
];

for (const { name, path, text } of INJECTED) {
  test(`the law goes red on ${name}`, () => {
    assert.equal(lawBreaks(path, text).length, 1, `expected one break for: ${text}`);
  });
}
