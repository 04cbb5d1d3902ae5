/** Anchors, roots and seals at work, and what `nova audit` says when somebody touches the table behind their back. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryEngine } from '../../infra/local/memory.ts';
import { closeDay } from '../../shared/jobs/close-day.ts';
import type { Table } from '../../shared/ports/table.ts';
import { anchorWhenDue, keepRoot, listAnchors } from '../../shared/store/anchor-store.ts';
import { verifyTrail } from '../../shared/store/audit-verify.ts';
import { anchorKey, auditKey } from '../../shared/store/keys.ts';
import { type CliWorld, cliWorld, nova, novaJson } from '../fixtures/cli-world.ts';
import { memoryStage } from '../fixtures/memory-stage.ts';
import { rewrite } from '../fixtures/rewrite.ts';
import { approveStory, tellStory } from '../flows/story.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'nova-trail-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function worldWithTrail(): Promise<CliWorld> {
  const cli = cliWorld();
  await nova(cli, ['budget', 'set', 'fleet', '90']);
  await nova(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', '{"outcomes":[{"ok":true}]}']);
  await nova(cli, ['autonomy', 'set', 'advise']);
  return cli;
}

test('what moved is anchored once in ten minutes, and nothing is written when nothing moved', async () => {
  const { world } = await worldWithTrail();
  assert.equal(await anchorWhenDue(world), 3);
  world.time.advance(5 * MINUTE);
  assert.equal(await anchorWhenDue(world), 0);
  for (let minute = 0; minute < 60; minute++) {
    world.time.advance(MINUTE);
    await anchorWhenDue(world);
  }
  const [anchor, ...others] = await listAnchors(world.table);
  assert.deepEqual(others, []);
  assert.deepEqual(
    anchor?.heads.map(([entity, seq]) => [entity, seq]),
    [
      ['agent:shop', 1],
      ['budget:fleet', 1],
      ['policy:autonomy', 1],
    ],
  );
});

test('an idle day costs one anchor, so that the next look back stays short', async () => {
  const { world } = await worldWithTrail();
  await anchorWhenDue(world);
  let reads = 0;
  const table: Table = {
    get: (key) => world.table.get(key),
    write: (op) => world.table.write(op),
    transact: (ops) => world.table.transact(ops),
    query: async (query) => {
      reads += 1;
      return world.table.query(query);
    },
  };
  for (let hour = 0; hour < 24 * 30; hour++) {
    world.time.advance(60 * MINUTE);
    reads = 0;
    await anchorWhenDue({ ...world, table });
    assert.ok(reads <= 5, `${reads} queries`);
  }
  const anchors = await listAnchors(world.table);
  assert.ok(anchors.length >= 29 && anchors.length <= 31, `${anchors.length} anchors in thirty days`);
});

test('anchors that race for a number do no harm, and neither does an answer that was lost', async () => {
  const cli = await worldWithTrail();
  const { world } = cli;
  const counts = await Promise.all([anchorWhenDue(world), anchorWhenDue(world), anchorWhenDue(world)]);
  assert.ok(counts.includes(3));
  assert.equal((await listAnchors(world.table)).length, 1);
  world.time.advance(11 * MINUTE);
  await nova(cli, ['agent', 'pause', 'shop']);
  const lossy = {
    ...world,
    table: {
      ...world.table,
      query: world.table.query.bind(world.table),
      get: world.table.get.bind(world.table),
      transact: world.table.transact.bind(world.table),
      write: async (op: Parameters<Table['write']>[0]) => {
        await world.table.write(op);
        return world.table.write(op);
      },
    },
  };
  assert.equal(await anchorWhenDue(lossy), 1);
  assert.deepEqual((await verifyTrail(world, { days: 30 })).faults, []);
});

test('a record that the index shows late is in the next anchor, or at the latest in the one of the day', async () => {
  const cli = await worldWithTrail();
  const { world } = cli;
  await anchorWhenDue(world);
  // Begun a moment before the anchor, visible an hour after it.
  const hidden = { ...world, time: { now: () => world.time.now() - 60 * MINUTE } };
  world.time.advance(30 * MINUTE);
  await nova({ ...cli, world: { ...world, ...hidden } } as CliWorld, ['agent', 'pause', 'shop']);
  await anchorWhenDue(world);
  await keepRoot(world, []);
  const heads = (await listAnchors(world.table)).flatMap((anchor) =>
    anchor.heads.map(([entity, seq]) => `${entity}#${seq}`),
  );
  assert.ok(heads.includes('agent:shop#2'), heads.join(' '));
});

test('the root of a day is kept once', async () => {
  const { world } = await worldWithTrail();
  const first = await keepRoot(world, []);
  await keepRoot(world, []);
  world.time.advance(DAY);
  await keepRoot(world, []);
  const kept = (await world.roots.since('0000-00-00')).map((text) => JSON.parse(text));
  assert.deepEqual(
    kept.map(({ date }) => date),
    ['2026-11-20', '2026-11-21'],
  );
  assert.equal(kept[0].hash, first.hash);
});

test('a chain that was rewritten with its head is found by the anchor, and a rewritten anchor by the root', async () => {
  const cli = await worldWithTrail();
  const { world } = cli;
  await keepRoot(world, []);
  const forged = await worldWithTrail();
  await nova(forged, ['agent', 'deploy', 'lab.scripted', '--name', 'other', '--config', '{"outcomes":[{"ok":true}]}']);
  const eve = JSON.parse(String((await world.table.get(auditKey('agent:shop', 1)))?.bytes));
  const bytes = JSON.stringify({ ...eve, actor: 'cli:eve' });
  const hash = world.hashing.sha256(bytes);
  await rewrite(world.table, await world.table.get(auditKey('agent:shop', 1)), { bytes, hash });
  await rewrite(world.table, await world.table.get({ pk: 'AGENTS', sk: 'shop' }), { auditHash: hash });
  const found = await nova(cli, ['audit', 'verify', '--json']);
  assert.equal(found.code, 1);
  assert.deepEqual(JSON.parse(found.out).faults, [
    { id: 'agent:shop', seq: 1, problem: 'is another record than the one that was anchored' },
  ]);
  const anchor = await world.table.get(anchorKey(1));
  const said = String(anchor?.bytes).replace(String(eve.hash ?? ''), '');
  const anchored = said.replace(/(\["agent:shop",1,")[0-9a-f]{64}/, `$1${hash}`);
  await rewrite(world.table, anchor, { bytes: anchored, hash: world.hashing.sha256(anchored) });
  const again = JSON.parse((await nova(cli, ['audit', 'verify', '--json'])).out);
  assert.deepEqual(again.faults, [
    { id: 'workspace', seq: 1, problem: 'the root of 2026-11-20 names another anchor here' },
  ]);
});

test('a dropped anchor is found by the one after it, the last one by the root', async () => {
  const cli = await worldWithTrail();
  const { world } = cli;
  await anchorWhenDue(world);
  world.time.advance(20 * MINUTE);
  await nova(cli, ['agent', 'pause', 'shop']);
  await keepRoot(world, []);
  await world.table.write({ op: 'delete', key: anchorKey(2) });
  assert.match(JSON.stringify((await verifyTrail(world, { days: 30 })).faults), /names this anchor, which is gone/);
  await world.table.write({ op: 'delete', key: anchorKey(1) });
  assert.match(JSON.stringify((await verifyTrail(world, { days: 30 })).faults), /workspace/);
});

test('an export of the trail proves itself, with us and without us', async () => {
  const cli = await worldWithTrail();
  await anchorWhenDue(cli.world);
  await keepRoot(cli.world, []);
  cli.world.time.advance(MINUTE);
  await nova(cli, ['agent', 'pause', 'shop']);
  const file = join(folder, 'trail.jsonl');
  assert.equal((await nova(cli, ['audit', 'export', '--out', file])).code, 0);
  assert.equal((await nova(cli, ['audit', 'export', '--out', file])).code, 5);
  const proved = (await novaJson(cli, ['audit', 'verify', '--file', file])) as Record<string, unknown>;
  assert.deepEqual([proved.valid, proved.records, proved.entities, proved.roots], [true, 4, 3, 1]);
  const own = await nova(cli, ['audit', 'verify', '--file', file, '--root', String(proved.newest)]);
  assert.equal(own.code, 0);
  assert.equal((await nova(cli, ['audit', 'verify', '--file', file, '--root', 'f'.repeat(64)])).code, 1);
  const script = join(import.meta.dirname, '../../docs/verify-audit.mjs');
  const alone = spawnSync(process.execPath, [script, file], { encoding: 'utf8' });
  assert.deepEqual([alone.status, alone.stderr], [0, '']);
  writeFileSync(file, readFileSync(file, 'utf8').replace('cli:alice', 'cli:malice'));
  assert.equal((await nova(cli, ['audit', 'verify', '--file', file])).code, 1);
  const one = join(folder, 'shop.jsonl');
  await nova(cli, ['audit', 'export', '--entity', 'agent:shop', '--out', one]);
  assert.equal((await nova(cli, ['audit', 'verify', '--file', one])).code, 0);
  assert.equal((await nova(cli, ['audit', 'verify', '--file', join(folder, 'nothing')])).code, 2);
});

test('closing a day twice seals and keeps nothing twice', async () => {
  const engine = await memoryEngine();
  const first = await closeDay(engine.world);
  const again = await closeDay(engine.world);
  assert.equal(again.sealed, 0);
  assert.equal(first.root, again.root);
  assert.equal((await engine.world.roots.since('0000')).length, 1);
});

test('why tells the whole story of a decision that a person allowed', async () => {
  const { engine, stage } = await memoryStage();
  await approveStory(stage, await tellStory(stage));
  await engine.advance(11 * MINUTE);
  const reach = { world: engine.world, admin: engine.admin } as unknown as CliWorld;
  const list = (await novaJson(reach, ['decision', 'list'])) as { id: string; target: string; approvalId: string }[];
  const id = list.find(({ target, approvalId }) => target === 'big-winner' && approvalId)?.id ?? assert.fail();
  const { out, code } = await nova(reach, ['audit', 'why', id]);
  assert.equal(code, 0);
  const story = out.replace(/\s+/g, ' ');
  const parts = [
    /The facts: .*ROI/i,
    /cli:tester decided by the rule threshold under version \d+ of the policy: big-winner from 1 to \d+ instances, because/,
    /It needed the approval of a person\./,
    /The request was mailed\./,
    /link:owner@example\.com approved exactly this action \(hash [0-9a-f]{12}\)\./,
    /system:execute-decision moved it from executing to executed/,
    /system:execute-decision changed agent:big-winner: agent\.scaled/,
    /It was carried out: /,
  ];
  const places = parts.map((part) => story.search(part));
  assert.deepEqual(
    places.filter((place) => place < 0),
    [],
    story,
  );
  assert.ok(
    places.every((place, n) => n === 0 || n > 4 || place > (places[n - 1] ?? 0)),
    story,
  );
  assert.equal((await nova(reach, ['audit', 'why', 'nobody'])).code, 3);
  const shown = (await novaJson(reach, ['audit', 'show', `decision:${id}#1`])) as { action: string };
  assert.equal(shown.action, 'decision.made');
});

test('a file whose line never ends is no export, and is not read to its end', async () => {
  const cli = cliWorld();
  for (const file of [join(folder, 'endless'), '/dev/zero'].filter(
    (one) => !one.startsWith('/dev') || existsSync(one),
  )) {
    if (!file.startsWith('/dev')) writeFileSync(file, 'x'.repeat(6_000_000));
    const { code, err } = await nova(cli, ['audit', 'verify', '--file', file]);
    assert.equal(code, 2);
    assert.match(err, /a line of it never ends/);
  }
});
