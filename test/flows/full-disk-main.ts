/** The story of a disk that fills up under an engine and has room again: `full-disk-main.ts <that disk>`. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from '../../cli/control.ts';
import { type Engine, startEngine } from '../../infra/local/engine.ts';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { stageOf } from './engine-stage.ts';
import { checkBudgets, checkTallies, readBooks } from './exact-books.ts';
import { command } from './story.ts';

const disk = process.argv[2] ?? assert.fail('which disk?');
const home = join(disk, 'home');
const start = () => startEngine({ home, port: 0, version: 'test', timeScale: 30, control: answerControl });
/** Runs that were asked for, and the asking acknowledged. */
let accepted = 0;

const engine = await start();
const stage = stageOf(engine);
await command(stage, 'agent deploy', {
  ...{ blueprint: 'lab.scripted', name: 'shop' },
  config: { outcomes: [{ ok: true, costUsd: '0.10', revenueUsd: '0.30' }] },
});
await ask(200);
fill();
const refusal = await untilRefused();
// Receives, sweeps, schedules and runs go on failing for a while, and say so to a log that takes nothing either.
await sleep(3_000);
rmSync(join(disk, 'filler'));
await stage.settle();
await ask(5);
await stage.settle();
const { succeeded, paid } = await checkBooks(engine);
const log = readFileSync(join(home, 'engine.log'), 'utf8');
await engine.stop();

fill();
const unstarted = await start().then(
  () => assert.fail('it started on a full disk'),
  (thrown: unknown) => thrown,
);
assert.ok(unstarted instanceof NovaError, messageOf(unstarted));
rmSync(join(disk, 'filler'));
const again = await start();
assert.deepEqual(await checkBooks(again), { succeeded, paid });
await again.stop();
const told = { accepted, succeeded, paid, refusal, log, unstarted: `${unstarted.code}: ${unstarted.message}` };
process.stdout.write(JSON.stringify(told), () => process.exit(0));

async function ask(times: number): Promise<void> {
  await command(stage, 'run now', { agent: 'shop', times });
  accepted += times;
}

/** Until the log of the store, which has room of its own, must grow. */
async function untilRefused(): Promise<string> {
  for (let n = 0; n < 5_000; n++) {
    try {
      await ask(1);
    } catch (thrown) {
      return messageOf(thrown);
    }
  }
  return assert.fail('the disk never was full');
}

async function checkBooks({ world }: Engine): Promise<{ succeeded: number; paid: number }> {
  const books = await readBooks(world.table);
  await checkBudgets(world.table);
  checkTallies(books);
  const records = books.flatMap((one) => one.records);
  return {
    succeeded: records.filter(({ outcome }) => outcome === 'succeeded').length,
    paid: records.reduce((sum, { costMicros }) => sum + costMicros, 0),
  };
}

function fill(): void {
  const file = openSync(join(disk, 'filler'), 'w');
  for (let bytes = 65_536; bytes >= 1; ) {
    try {
      writeSync(file, Buffer.alloc(bytes));
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  }
  closeSync(file);
}
