/** The same race through the whole engine: fifty requests at once, one dollar, and a command that shows what came of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerControl } from '../../cli/control.ts';
import { type Engine, startEngine } from '../../infra/local/engine.ts';
import { usdToMicros } from '../../shared/domain/money.ts';
import { stageOf, temporaryHome } from './engine-stage.ts';
import { checkBudgets, checkTallies, readBooks } from './exact-books.ts';
import { command, type Stage } from './story.ts';

const FIFTY = Array.from({ length: 50 }, (_, n) => n);
const config = { outcomes: [{ ok: true, costUsd: '0.10', sleepMs: 2 }] };
const deploy = { blueprint: 'lab.scripted', config };

async function onEngine(story: (stage: Stage) => Promise<void>): Promise<void> {
  const home = temporaryHome();
  const engine: Engine = await startEngine({ home: home.path, port: 0, version: 'test', control: answerControl });
  try {
    await story(stageOf(engine));
  } finally {
    await engine.stop();
    home.remove();
  }
}

type Shown = { readonly status: string; readonly note: string; readonly costMicros: number };

async function checkRuns(stage: Stage, expected: { spent: number; refused: number; micros: number }): Promise<void> {
  const runs: readonly Shown[] = await command(stage, 'run list');
  const spent = runs.filter(({ status }) => status === 'succeeded');
  const refused = runs.filter(({ status, note }) => status === 'refused' && note === 'budget_reached');
  assert.equal(spent.length + refused.length, runs.length, JSON.stringify(runs));
  const micros = spent.reduce((sum, { costMicros }) => sum + costMicros, 0);
  assert.deepEqual({ spent: spent.length, refused: refused.length, micros }, expected);
  checkTallies(await readBooks(stage.world.table));
  await checkBudgets(stage.world.table);
}

test('fifty agents run at once on a fleet with one dollar: ten spend, forty are refused; fifty cents more, five more', async () => {
  await onEngine(async (stage) => {
    const names = FIFTY.map((n) => `racer-${n}`);
    await command(stage, 'budget set', { scope: 'fleet', usd: usdToMicros('1.00') });
    for (const name of names) await command(stage, 'agent deploy', { ...deploy, name });
    await stage.settle();
    const runAll = () => Promise.all(names.map((agent) => command(stage, 'run now', { agent })));
    await runAll();
    await stage.settle();
    await checkRuns(stage, { spent: 10, refused: 40, micros: usdToMicros('1.00') });
    const budget: { availableMicros: number; status: string } = await command(stage, 'budget show', { scope: 'fleet' });
    assert.deepEqual([budget.availableMicros, budget.status], [0, 'exceeded']);
    await command(stage, 'budget set', { scope: 'fleet', usd: usdToMicros('1.50') });
    await runAll();
    await stage.settle();
    await checkRuns(stage, { spent: 15, refused: 85, micros: usdToMicros('1.50') });
  });
});

test('fifty instances of one agent with one dollar a day: ten spend, forty are refused', async () => {
  await onEngine(async (stage) => {
    const budgetDay = usdToMicros('1.00');
    await command(stage, 'agent deploy', { ...deploy, name: 'racer', instances: 50, budgetDay });
    await stage.settle();
    await Promise.all(FIFTY.map((instance) => command(stage, 'run now', { agent: 'racer', instance })));
    await stage.settle();
    await checkRuns(stage, { spent: 10, refused: 40, micros: usdToMicros('1.00') });
  });
});
