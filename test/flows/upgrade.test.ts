/**
 * The upgrade drill: a data directory that an engine of an older commit was killed on, in the middle of its work, is opened
 * by this one. In test/fixtures/homes, by the day of the commit: a fleet with a past, one approval that waits, a request of
 * 60 runs with 14 done, one run under way, its message held.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { answerControl } from '../../cli/control.ts';
import { startEngine } from '../../infra/local/engine.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { getAgent } from '../../shared/store/agent-store.ts';
import { openApprovals } from '../../shared/store/approval-store.ts';
import { verifyTrail } from '../../shared/store/audit-verify.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { proveLedger } from '../../shared/store/ledger-verify.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { settled } from './engine-stage.ts';

const HOMES = join(import.meta.dirname, '../fixtures/homes');

for (const name of readdirSync(HOMES).filter((file) => file.endsWith('.sqlite.gz'))) {
  test(`what ${name} left in the middle of its work is finished by this engine, and every sum holds`, async () => {
    const home = mkdtempSync(join(tmpdir(), 'nova-upgrade-'));
    writeFileSync(join(home, 'nova.sqlite'), gunzipSync(readFileSync(join(HOMES, name))));
    const engine = await startEngine({ home, port: 0, version: 'test', control: answerControl });
    try {
      const { world } = engine;
      const { table } = world;
      await settled(engine);
      const slow = await listRuns(table, 'slow');
      assert.equal(slow.length, 60, 'each run that was asked for is recorded once');
      assert.equal(new Set(slow.map(({ id }) => id)).size, 60);
      assert.deepEqual(
        [(await getAgent(table, 'loser'))?.status, (await getAgent(table, 'winner'))?.status],
        ['retired', 'active'],
      );
      assert.equal((await openApprovals(table)).length, 1, 'the approval still waits');
      const leased = (await listInstances(table, 'slow')).filter(({ run }) => run !== null);
      assert.deepEqual(leased, []);
      assert.deepEqual((await proveLedger(world)).faults, []);
      const trail = await verifyTrail({ ...world, hashing: systemHashing }, { days: 3660, entity: undefined });
      assert.deepEqual(trail.faults, []);
      assert.ok(trail.chains.length > 0);
    } finally {
      await engine.stop();
      rmSync(home, { recursive: true, force: true });
    }
  });
}
