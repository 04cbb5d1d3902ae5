/** A week of everything that jobs do, each within the rights that its row of the topology grants: none may be missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MemoryEngine, memoryEngine } from '../../infra/local/memory.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import { NovaError } from '../../shared/domain/error.ts';
import type { Table } from '../../shared/ports/table.ts';
import { approveStory, command, type Stage, tellStory } from '../flows/story.ts';

const HOUR = 3_600_000;
const outcomes = (...list: JsonObject[]): JsonObject => ({ outcomes: list });

/** A table that loses its connection when told to: what was claimed stays claimed. */
function cuttable() {
  let writesLeft = Number.POSITIVE_INFINITY;
  const cut = (): void => {
    if (writesLeft-- <= 0) throw new NovaError('unavailable', 'the line is cut');
  };
  const wrap = (table: Table): Table => ({
    ...table,
    get: (key) => table.get(key),
    query: (query) => table.query(query),
    write: async (op) => {
      cut();
      return table.write(op);
    },
    transact: async (ops) => {
      cut();
      return table.transact(ops);
    },
  });
  return {
    wrap,
    after: (writes: number): void => {
      writesLeft = writes;
    },
  };
}

const stageOf = (engine: MemoryEngine): Stage => ({
  world: engine.world,
  admin: engine.admin,
  settle: () => engine.advance(40_000),
  async fetch(path, { method = 'GET', headers = {}, body = '' } = {}) {
    const answer = await engine.web({ method, path, headers, body: Buffer.from(body), sourceIp: '127.0.0.1' });
    return { status: answer?.status ?? 404, body: answer?.body ?? '', location: answer?.headers.location ?? null };
  },
});

const WEEK: readonly JsonObject[] = [
  { name: 'steady', schedule: 'rate(20 minutes)', config: outcomes({ ok: true, costUsd: '0.01', revenueUsd: '0.02' }) },
  { name: 'poor', schedule: 'rate(30 minutes)', budgetDay: 50_000, config: outcomes({ ok: true, costUsd: '0.02' }) },
  { name: 'fragile', schedule: 'rate(10 minutes)', config: outcomes({ crash: 'boom' }) },
  { name: 'twins', schedule: 'rate(1 hour)', instances: 3, config: outcomes({ ok: true, costUsd: '0.01' }) },
  { name: 'tidy', schedule: 'cron(0 9 * * ? *)', config: outcomes({ ok: false }, { ok: true, costUsd: '0.01' }) },
];

test('a week of runs, refusals, crashes, decisions and lost connections needs no right that is not granted', async () => {
  const lines: string[] = [];
  const line = cuttable();
  const engine = await memoryEngine({ wrap: line.wrap, onLog: (text) => lines.push(text) });
  const stage = stageOf(engine);
  await approveStory(stage, await tellStory(stage));
  await command(stage, 'autonomy set', { mode: 'advise' });
  for (const member of WEEK) {
    await command(stage, 'agent deploy', { blueprint: 'lab.scripted', department: 'lab', ...member });
  }
  await engine.advance(26 * HOUR);
  for (const writes of [1, 2, 3, 5, 8]) {
    await command(stage, 'run now', { agent: 'steady', times: 3 });
    line.after(writes);
    await engine.drain();
    line.after(Number.POSITIVE_INFINITY);
    await engine.advance(HOUR);
  }
  await command(stage, 'agent pause', { id: 'twins' });
  await command(stage, 'agent resume', { id: 'twins' });
  await command(stage, 'autonomy set', { mode: 'approve' });
  await command(stage, 'run now', { agent: 'steady', times: 25 });
  await engine.advance(2 * 24 * HOUR);
  await command(stage, 'autonomy set', { mode: 'auto' });
  await engine.advance(2 * 24 * HOUR);
  const refused = lines.filter((text) => text.includes('uses in infra/topology.ts'));
  assert.deepEqual(refused, []);
  for (const [name, queue] of Object.entries(engine.admin.queues)) {
    const dead = await queue.deadLetters(100);
    assert.deepEqual(
      dead.filter(({ reason }) => !/received too often/.test(reason)),
      [],
      name,
    );
  }
  const runs: readonly JsonObject[] = await command(stage, 'run list', { agent: 'steady' });
  assert.ok(runs.length > 100, `only ${runs.length} runs: the week did not happen`);
});
