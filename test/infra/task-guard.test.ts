import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const ENGINE = `
import { guardedNode } from '${new URL('../../infra/local/tasks/task-child.ts', import.meta.url).href}';
import { TaskProcesses } from '${new URL('../../infra/local/tasks/task-processes.ts', import.meta.url).href}';
const [, , program, OUT] = process.argv;
const tasks = new TaskProcesses({
  families: { runner: { command: guardedNode(program), environment: { OUT } } },
  time: { now: () => Date.now() },
  newTaskId: () => '1',
});
await tasks.run({ family: 'runner', environment: {}, clientToken: null });
setInterval(() => {}, 1000);
`;
const PROGRAM = `
import { appendFileSync } from 'node:fs';
process.on('SIGTERM', () => { appendFileSync(process.env.OUT, 'bye'); process.exit(0); });
appendFileSync(process.env.OUT, 'ready ');
setInterval(() => {}, 1000);
`;

test('a task ends by itself when its engine is killed without a word', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-guard-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [engine, program, out] = ['engine.ts', 'program.mjs', 'out'].map((name) => join(folder, name));
  if (!engine || !program || !out) return;
  writeFileSync(engine, ENGINE);
  writeFileSync(program, PROGRAM);
  const read = (): string => (existsSync(out) ? readFileSync(out, 'utf8') : '');
  const until = async (text: string): Promise<void> => {
    for (let tries = 0; read() !== text && tries < 500; tries++) await sleep(10);
    assert.equal(read(), text);
  };
  const child = spawn(process.execPath, [engine, program, out], { stdio: 'ignore' });
  await until('ready ');
  child.kill('SIGKILL');
  await until('ready bye');
});
