/** How long a refusal takes says nothing about why. Slow: it takes thousands of requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ApprovalWorld,
  approvalWorld,
  ask,
  postJson,
  press,
  SCALE_UP,
  wrongCode,
} from '../fixtures/approval-world.ts';

const ROUNDS = 1000;
/** What a network hides many times over; medians of a thousand are far steadier than this. */
const FLOOR_MS = 0.25;

const median = (samples: readonly number[]): number =>
  [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;

/** Interleaved, so that whatever else the machine does falls on all kinds alike. */
async function measured(world: ApprovalWorld, kinds: readonly (readonly [string, string, string])[]) {
  const samples = new Map(kinds.map(([name]) => [name, [] as number[]]));
  const actionHash = 'a'.repeat(64);
  for (let round = -50; round < ROUNDS; round++) {
    for (let turn = 0; turn < kinds.length; turn++) {
      const [name, id, token] = kinds[(turn + round + 50) % kinds.length] ?? ['', '', ''];
      const started = performance.now();
      const answer = await postJson(world, `/a/${id}/decide`, {
        token,
        decision: 'approve',
        actionHash,
        code: '123456',
      });
      const took = performance.now() - started;
      assert.equal(answer.status, 404);
      if (round >= 0) samples.get(name)?.push(took);
    }
  }
  return samples;
}

/** The widest gap between two kinds, and how far two halves of one kind lie apart: what noise alone does. */
function gapOf(samples: ReadonlyMap<string, readonly number[]>): { gap: number; noise: number } {
  const medians = [...samples.values()].map(median);
  const halves = [...samples.values()].map((all) =>
    Math.abs(median(all.filter((_, i) => i % 2 === 0)) - median(all.filter((_, i) => i % 2 === 1))),
  );
  return { gap: Math.max(...medians) - Math.min(...medians), noise: Math.max(...halves) };
}

test('A33: an unknown id, a wrong token, an expired and a locked request take equally long (n = 1,000 each)', async () => {
  const world = approvalWorld();
  const expired = await ask(world);
  world.time.advance(24 * 3_600_000);
  const locked = await ask(world, { ...SCALE_UP, action: { kind: 'retire', agentId: 'shop' } });
  for (let i = 0; i < 5; i++) await press(world, locked, 'approve', { code: wrongCode(locked) });
  const open = await ask(world, { ...SCALE_UP, action: { kind: 'retire', agentId: 'other' } });
  const kinds = [
    ['unknown', '01ARZ3NDEKTSV4RRFFQ69G5FAV', open.token],
    ['wrong token', open.approvalId, world.ids.token(32)],
    ['expired', expired.approvalId, expired.token],
    ['locked', locked.approvalId, locked.token],
  ] as const;
  // A machine under load may spoil one measurement; a leak is in all of them.
  const seen: string[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const { gap, noise } = gapOf(await measured(world, kinds));
    if (gap <= Math.max(FLOOR_MS, 3 * noise)) return;
    seen.push(`gap ${gap.toFixed(3)} ms, noise ${noise.toFixed(3)} ms`);
  }
  assert.fail(seen.join('; '));
});
