/** An agent that asks a model, on the whole engine: what its tokens cost, what stops it inside a run, what lets it go on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileSecrets } from '../../infra/local/file-secrets.ts';
import type { Json, JsonObject } from '../../shared/domain/agent.ts';
import { ANTHROPIC_TEST_KEY, anthropicServer } from '../fixtures/anthropic-server.ts';
import { CrashEngine } from './crash-engine.ts';
import { temporaryHome } from './engine-stage.ts';

/** 400 tokens each. */
const USAGE = {
  ...{ input_tokens: 120, output_tokens: 80, cache_read_input_tokens: 150, cache_creation_input_tokens: 50 },
  cache_creation: { ephemeral_5m_input_tokens: 50, ephemeral_1h_input_tokens: 0 },
};
/** At most 256 + 2 × 32 + 5 tokens in and 100 out: 425. */
const BOUND = 425;
const script = (tokens: number): JsonObject => ({
  outcomes: [{ model: 'claude-haiku-4-5', asks: 'shoes', costUsd: '0.05', steps: 4, resumes: true }],
  ...{ tokens, repeats: ['input', 'outcome'] },
});

type Run = { readonly id: string; readonly status: string; readonly note: string; readonly costMicros: number };

async function stand(engine: CrashEngine) {
  const ask = async <T>(words: string, input: JsonObject): Promise<T> => (await engine.ask(words, input)) as T;
  return {
    ask,
    /** The run that this request makes. */
    async runOnce(): Promise<Run> {
      const runs = () => ask<readonly Run[]>('run list', { agent: 'asker' });
      const known = new Set((await runs()).map(({ id }) => id));
      await ask<Json>('run now', { agent: 'asker', wait: true });
      const made = (await runs()).filter(({ id }) => !known.has(id));
      assert.equal(made.length, 1);
      return made[0] ?? assert.fail();
    },
  };
}

test('an agent pays for tokens by kind, stops inside when they are used up, and goes on from there after a raise', async () => {
  const home = temporaryHome();
  const vendor = await anthropicServer(USAGE);
  process.env.NOVA_ANTHROPIC_URL = vendor.url;
  await fileSecrets(join(home.path, 'secrets.json')).set('anthropic-api-key', ANTHROPIC_TEST_KEY);
  const engine = new CrashEngine('embedded', home.path, 1);
  try {
    assert.ok(await engine.launch().ready);
    const { ask, runOnce } = await stand(engine);
    // Two questions fit: after 800 used, another 425 at most do not.
    const config = script(2 * 400 + BOUND - 1);
    await ask('agent deploy', { blueprint: 'lab.scripted', name: 'asker', config });
    const first = await runOnce();
    assert.deepEqual([first.status, first.note, vendor.asked.length], ['failed', 'budget_reached', 2]);
    // 120 × $1 + 80 × $5 + 150 × $0.10 + 50 × $1.25 a million, twice: 120 + 400 + 15 + 62.5 = 597.5 µ$.
    type Line = { readonly id: string; readonly quantity: number; readonly amountMicros: number };
    const { lines } = await ask<{ lines: readonly Line[] }>('run receipt', { id: first.id });
    assert.deepEqual(
      lines.map(({ id, quantity, amountMicros }) => [id, quantity, amountMicros]),
      [
        ['tokens.claude-haiku-4-5.input', 240, 240],
        ['tokens.claude-haiku-4-5.output', 160, 800],
        ['tokens.claude-haiku-4-5.cacheRead', 300, 30],
        ['tokens.claude-haiku-4-5.cacheWrite5m', 100, 125],
      ],
    );
    assert.equal(first.costMicros, 1_195);
    // More for a run: the next one takes the two steps that are left, and pays for no step twice.
    await ask('agent update', { id: 'asker', config: script(3_000) });
    const second = await runOnce();
    assert.deepEqual([second.status, vendor.asked.length], ['succeeded', 4]);
    // A day's tokens below what a run holds: no run begins, and nobody is asked.
    await ask('budget set', { scope: 'asker', usd: 2_000_000_000, kind: 'tokens' });
    const refused = await runOnce();
    assert.deepEqual([refused.status, refused.note, vendor.asked.length], ['refused', 'budget_reached', 4]);
    await ask('budget set', { scope: 'asker', usd: 10_000_000_000, kind: 'tokens' });
    assert.deepEqual([(await runOnce()).status, vendor.asked.length], ['succeeded', 8]);
    type Budget = { readonly kind: string; readonly spentMicros: number };
    const { budgets } = await ask<{ budgets: readonly Budget[] }>('budget show', { scope: 'asker' });
    assert.equal(budgets.find(({ kind }) => kind === 'tokens')?.spentMicros, 8 * 400);
  } finally {
    delete process.env.NOVA_ANTHROPIC_URL;
    await engine.kill();
    await vendor.close();
    home.remove();
  }
});
