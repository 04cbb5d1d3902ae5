/** What is built and deployed is made on machines that hold secrets: none of them gets into a bundle or a template. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CANARIES, filesIn, leaks } from './canaries.ts';

const root = join(import.meta.dirname, '../..');

/** The names that tools and people give them; whatever reads one of these while it builds has it. */
const environment = (home: string): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: home,
  NOVA_HOME: home,
  CDK_VALIDATION: 'false',
  AWS_ACCESS_KEY_ID: 'AKIACANARY7F3A91C2D4',
  AWS_SECRET_ACCESS_KEY: SECRETS['aws-secret-access-key'],
  AWS_SESSION_TOKEN: SECRETS['aws-session-token'],
  ...Object.fromEntries(
    Object.entries(CANARIES).flatMap(([name, value]) => {
      const word = name.toUpperCase().replaceAll('-', '_');
      return [
        [word, value],
        [`NOVA_${word}`, value],
        [`NOVA_SECRET_${word}`, value],
      ];
    }),
  ),
});

const SECRETS: Readonly<Record<string, string>> = {
  ...CANARIES,
  'aws-secret-access-key': 'canaryAws7f3a91c2d4e5b6078899aabbccddeeff',
  'aws-session-token': 'canarySession7f3a91c2d4e5b6078899aabbccddeeff',
};

async function make(program: string, folder: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = spawn(process.execPath, [program], { cwd: root, env: { ...environment(folder), ...more } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0, said);
  return said;
}

test('no secret of the machine that builds is in the bundles, the images or the templates', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-canary-'));
  try {
    writeFileSync(join(folder, 'secrets.json'), JSON.stringify(CANARIES), { mode: 0o600 });
    const said = [await make('infra/aws/bundle.ts', folder)];
    const out = join(folder, 'cdk.out');
    const context = { stage: 'canary', ownerEmail: 'o@nova.test', senderEmail: 'n@nova.test', timezone: 'UTC' };
    const numbers = { maxConcurrentRuns: 16, requestsPerSecond: 20, monthlyBudgetUsd: 50, logRetentionDays: 30 };
    const CDK_CONTEXT_JSON = JSON.stringify({ ...context, currency: 'USD', waf: false, ...numbers });
    said.push(await make('infra/aws/app.ts', folder, { CDK_OUTDIR: out, CDK_CONTEXT_JSON }));
    const bundles = filesIn(join(root, 'dist'));
    const templates = filesIn(out);
    assert.ok(bundles.filter(({ name }) => name.endsWith('.mjs')).length >= 10);
    assert.equal(
      templates.filter(({ name, text }) => /template\.json$/.test(name) && text.includes('canary')).length,
      2,
    );
    const artefacts = [...bundles, ...templates, ...said.map((text) => ({ name: 'what was said', text }))];
    assert.deepEqual(leaks(artefacts, SECRETS), []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
