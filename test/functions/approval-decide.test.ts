/** Answering through the link: one answer, by a code that is counted before it is compared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../shared/domain/approval.ts';
import { verifyChain } from '../../shared/domain/audit.ts';
import type { DecisionAction } from '../../shared/domain/decision.ts';
import { type MapTable, mapTable } from '../../shared/memory/map-table.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { judged } from '../../shared/store/authorize.ts';
import { decisionMoveOps, getDecision } from '../../shared/store/decision-store.ts';
import { decisionKey } from '../../shared/store/keys.ts';
import {
  type ApprovalWorld,
  actionHashIn,
  approvalWorld,
  ask,
  attemptsOf,
  executions,
  type Letter,
  OWNER,
  postJson,
  press,
  SCALE_UP,
  stateOf,
  wrongCode,
} from '../fixtures/approval-world.ts';

async function assertChains(world: ApprovalWorld, letter: Letter): Promise<void> {
  const approval = await getApproval(world.table, letter.approvalId);
  const decision = await getDecision(world.table, letter.decisionId);
  for (const [entity, head] of [
    [`approval:${letter.approvalId}`, approval],
    [`decision:${letter.decisionId}`, decision],
  ] as const) {
    const records = await auditChain(world.table, entity);
    const fault = verifyChain(records, { seq: head?.auditSeq ?? 0, hash: head?.auditHash ?? '' }, world.hashing.sha256);
    assert.equal(fault, null);
  }
}

test('the code of the mail approves once, moves the decision and orders its execution', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const answer = await press(world, letter, 'approve');
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.location, './done');
  assert.equal(await stateOf(world, letter), 'approved/approved');
  assert.deepEqual(world.sent.at(-1), { v: 1, kind: 'execute-decision', decisionId: letter.decisionId });
  const approval = await getApproval(world.table, letter.approvalId);
  assert.equal(approval?.decidedBy, `link:${OWNER}`);
  assert.equal(approval?.decidedAt, world.time.now());
  await assertChains(world, letter);
  const view = await postJson(world, `/a/${letter.approvalId}/view`, { token: letter.token });
  assert.match(view.body, /Approved by whoever held the link mailed to owner@example.com on Fri/);
});

test('the other code rejects: nothing is executed', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  assert.equal((await press(world, letter, 'reject')).status, 303);
  assert.equal(await stateOf(world, letter), 'rejected/rejected');
  assert.equal(executions(world), 0);
  await assertChains(world, letter);
});

test('a hundred repetitions say the same and do nothing more (A11); the opposite is told what stands', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const first = await press(world, letter, 'approve');
  for (let i = 0; i < 99; i++) assert.deepEqual(await press(world, letter, 'approve'), first);
  assert.equal(executions(world), 1);
  const opposite = await press(world, letter, 'reject');
  assert.equal(opposite.status, 409);
  assert.equal(JSON.parse(opposite.body).status, 'approved');
  assert.equal(await stateOf(world, letter), 'approved/approved');
  assert.equal(await attemptsOf(world, letter), 1);
  const records = await auditChain(world.table, `approval:${letter.approvalId}`);
  assert.equal(records.filter(({ bytes }) => bytes.includes('"approval.approved"')).length, 1);
});

test('a hundred parallel approvals are one transition and one execution (A12)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const answers = await Promise.all(Array.from({ length: 100 }, () => press(world, letter, 'approve')));
  const statuses = new Set(answers.map(({ status }) => status));
  assert.ok(statuses.has(303));
  assert.deepEqual(
    [...statuses].filter((status) => status !== 303 && status !== 404),
    [],
  );
  assert.equal(await stateOf(world, letter), 'approved/approved');
  assert.equal(executions(world), 1);
  assert.equal(world.sent.filter(({ kind }) => kind === 'notify').length, 0);
  await assertChains(world, letter);
});

/** A yes is judged by the rules first: without other starts a no would always be faster. */
async function later<T>(turns: number, work: () => Promise<T>): Promise<T> {
  for (let turn = 0; turn < turns; turn++) await null;
  return work();
}

test('fifty approvals against fifty rejections have one winner, executed only if it approved (A13)', async () => {
  const winners = new Set<string>();
  for (let round = 0; round < 6; round++) {
    const world = approvalWorld();
    const letter = await ask(world);
    const sides = Array.from({ length: 100 }, (_, i): Answer => ((i + round) % 2 === 0 ? 'approve' : 'reject'));
    await judged(world, { actor: 'cli:x', action: 'warm:up', resource: { kind: 'x', id: '' } });
    const answers = await Promise.all(
      sides.map((side, i) => later((i * 53 + round * 131) % 600, () => press(world, letter, side))),
    );
    const state = await stateOf(world, letter);
    assert.match(state, /^approved\/approved$|^rejected\/rejected$/);
    assert.equal(executions(world), state.startsWith('approved') ? 1 : 0);
    for (const [i, { status }] of answers.entries()) {
      const won = state.startsWith('approved') === (sides[i] === 'approve');
      assert.ok(status === 404 || status === (won ? 303 : 409), `${sides[i]}: ${status} after ${state}`);
    }
    winners.add(state);
    await assertChains(world, letter);
  }
  assert.equal(winners.size, 2);
});

test('the last millisecond before the end counts, the end does not, and what has ended stays refused (A14, A15)', async () => {
  for (const [late, status, state] of [
    [-1, 303, 'approved/approved'],
    [0, 404, 'pending/awaiting_approval'],
    [1, 404, 'pending/awaiting_approval'],
  ] as const) {
    const world = approvalWorld();
    const letter = await ask(world);
    const approval = await getApproval(world.table, letter.approvalId);
    world.time.set((approval?.expiresAt ?? 0) + late);
    assert.equal((await press(world, letter, 'approve')).status, status);
    assert.equal(await stateOf(world, letter), state);
    assert.equal(executions(world), status === 303 ? 1 : 0);
  }
});

test('five wrong codes lock the link: the right one comes too late, the owner is told once, and it is on record (A17)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const code = wrongCode(letter);
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await press(world, letter, 'approve', { code })).status);
  assert.deepEqual(statuses, [403, 403, 403, 403, 404]);
  assert.equal((await press(world, letter, 'approve')).status, 404);
  assert.equal((await press(world, letter, 'reject')).status, 404);
  assert.equal(await attemptsOf(world, letter), 5);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
  const notices = world.sent.filter(({ kind }) => kind === 'notify');
  assert.equal(notices.length, 1);
  const records = await auditChain(world.table, `approval:${letter.approvalId}`);
  assert.equal(records.filter(({ bytes }) => bytes.includes('"approval.locked"')).length, 1);
  await assertChains(world, letter);
});

test('a wrong code says how many tries are left; four wrong ones leave one that decides', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const code = wrongCode(letter);
  const left: unknown[] = [];
  for (let i = 0; i < 4; i++)
    left.push(JSON.parse((await press(world, letter, 'approve', { code })).body).attemptsLeft);
  assert.deepEqual(left, [4, 3, 2, 1]);
  assert.equal((await press(world, letter, 'approve')).status, 303);
});

test('guessing over many connections at once gets five tries in all (A18)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const codes = Array.from({ length: 400 }, (_, i) => String(i).padStart(6, '0'));
  const guesses = codes.filter((code) => code !== letter.approveCode);
  const answers = await Promise.all(guesses.map((code) => press(world, letter, 'approve', { code })));
  assert.equal(answers.filter(({ status }) => status === 403).length, 4);
  assert.equal(await attemptsOf(world, letter), 5);
  assert.equal((await press(world, letter, 'approve')).status, 404);
  assert.equal(world.sent.filter(({ kind }) => kind === 'notify').length, 1);
});

test('strangers without the token cannot use up the tries of those who have it', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const token = world.ids.token(32);
  for (let i = 0; i < 50; i++) assert.equal((await press(world, letter, 'approve', { token })).status, 404);
  assert.equal(await attemptsOf(world, letter), 0);
  assert.equal((await press(world, letter, 'approve')).status, 303);
});

test('the code to approve does not reject, nor the other way round (A19)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  assert.notEqual(letter.approveCode, letter.rejectCode);
  assert.equal((await press(world, letter, 'reject', { code: letter.approveCode })).status, 403);
  assert.equal((await press(world, letter, 'approve', { code: letter.rejectCode })).status, 403);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
});

test('the hash of another action is a conflict, and decides nothing (A20)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const answer = await press(world, letter, 'approve', { actionHash: 'f'.repeat(64) });
  assert.equal(answer.status, 409);
  assert.equal(JSON.parse(answer.body).error, 'changed');
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
});

test('a decision that was edited after the mail is not approved by it, and the request ends (A20)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const action: DecisionAction = { kind: 'scale_up', agentId: 'shop', fromInstances: 2, toInstances: 50 };
  await world.table.write({ op: 'update', key: decisionKey(letter.decisionId), set: { action } });
  assert.equal((await press(world, letter, 'approve')).status, 409);
  assert.equal(await stateOf(world, letter), 'expired/awaiting_approval');
  assert.equal(executions(world), 0);
  assert.equal((await press(world, letter, 'approve')).status, 404);
});

test('a decision that has moved on cannot be approved any more', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const decision = await getDecision(world.table, letter.decisionId);
  if (!decision) throw new Error('no decision');
  const moved = decisionMoveOps(world, decision, { to: 'superseded', actor: 'cli:alice', outcome: 'retired by hand' });
  assert.equal((await world.table.transact(moved.ops)).ok, true);
  assert.equal((await press(world, letter, 'approve')).status, 409);
  assert.equal(await stateOf(world, letter), 'expired/superseded');
  assert.equal(executions(world), 0);
});

test('a token and a code open the one request they were mailed for (A7)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const other = await ask(world, { ...SCALE_UP, action: { kind: 'retire', agentId: 'shop' } });
  assert.equal((await press(world, letter, 'approve', { approvalId: other.approvalId })).status, 404);
  const crossed = { approvalId: other.approvalId, token: other.token, actionHash: await actionHashIn(world, other) };
  assert.equal((await press(world, letter, 'approve', crossed)).status, 403);
  assert.equal(await stateOf(world, other), 'pending/awaiting_approval');
});

test('every refusal costs the same reads and writes (A33)', async () => {
  const inner = mapTable();
  let calls: string[] = [];
  const counted = <In, Out>(name: string, call: (input: In) => Out) => {
    return (input: In): Out => {
      calls.push(name);
      return call(input);
    };
  };
  const table: MapTable = {
    items: inner.items,
    get: counted('get', inner.get),
    query: counted('query', inner.query),
    write: counted('write', inner.write),
    transact: counted('transact', inner.transact),
  };
  const world = approvalWorld({ table });
  const locked = await ask(world);
  const code = wrongCode(locked);
  for (let i = 0; i < 5; i++) await press(world, locked, 'approve', { code });
  const letter = await ask(world, { ...SCALE_UP, action: { kind: 'retire', agentId: 'shop' } });
  const token = world.ids.token(32);
  const actionHash = 'a'.repeat(64);
  const costOf = async (approvalId: string, as: string): Promise<string> => {
    calls = [];
    const body = { token: as, decision: 'approve', actionHash, code };
    assert.equal((await postJson(world, `/a/${approvalId}/decide`, body)).status, 404);
    assert.equal((await postJson(world, `/a/${approvalId}/view`, { token: as })).status, 404);
    return calls.join(' ');
  };
  const costs = [
    await costOf('01ARZ3NDEKTSV4RRFFQ69G5FAV', token),
    await costOf('no-id-at-all', token),
    await costOf(letter.approvalId, token),
    await costOf(locked.approvalId, locked.token),
  ];
  world.time.advance(24 * 3_600_000);
  costs.push(await costOf(letter.approvalId, letter.token));
  assert.deepEqual(new Set(costs), new Set(['write get']));
});

test('the command answers through the same door, by name, and also when the link is locked', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  for (let i = 0; i < 5; i++) await press(world, letter, 'approve', { code: wrongCode(letter) });
  const proof = { kind: 'identity', actor: 'cli:alice' } as const;
  const result = await decideApproval(world, { approvalId: letter.approvalId, answer: 'reject', proof });
  assert.equal(result.kind === 'recorded' && result.fresh, true);
  const again = await decideApproval(world, { approvalId: letter.approvalId, answer: 'reject', proof });
  assert.equal(again.kind === 'recorded' && !again.fresh, true);
  const opposite = await decideApproval(world, { approvalId: letter.approvalId, answer: 'approve', proof });
  assert.equal(opposite.kind, 'conflict');
  assert.equal(await stateOf(world, letter), 'rejected/rejected');
  assert.equal((await getApproval(world.table, letter.approvalId))?.decidedBy, 'cli:alice');
  const unknown = await decideApproval(world, { approvalId: world.ids.ulid(), answer: 'approve', proof });
  assert.deepEqual(unknown, { kind: 'refused', why: 'unknown' });
});

test('the command and the page at the same moment have one winner', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const proof = { kind: 'identity', actor: 'cli:alice' } as const;
  const [byPage, byName] = await Promise.all([
    press(world, letter, 'approve'),
    decideApproval(world, { approvalId: letter.approvalId, answer: 'reject', proof }),
  ]);
  const state = await stateOf(world, letter);
  assert.equal(byPage.status, state === 'approved/approved' ? 303 : 409);
  assert.equal(byName.kind, state === 'approved/approved' ? 'conflict' : 'recorded');
  assert.equal(executions(world), state === 'approved/approved' ? 1 : 0);
});

test('no part of the system answers what it may have asked (A34)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  for (const actor of ['system:evaluate-agents', 'agent:shop', 'run:shop.0.x', `link:${OWNER}`, '', 'alice']) {
    const proof = { kind: 'identity', actor } as const;
    const result = await decideApproval(world, { approvalId: letter.approvalId, answer: 'approve', proof });
    assert.deepEqual(result, { kind: 'refused', why: 'not_a_person' });
  }
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
});

test('an answer stands when the queue cannot be reached: the order is left for the sweep', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const down = { ...world, work: { ...world.work, send: async () => Promise.reject(new Error('queue is down')) } };
  assert.equal((await press(down as ApprovalWorld, letter, 'approve')).status, 303);
  assert.equal(await stateOf(world, letter), 'approved/approved');
  assert.equal(executions(world), 0);
  const { items } = await world.table.query({ pk: 'OUTBOX' });
  assert.equal(items.filter(({ message }) => String(message).includes('execute-decision')).length, 1);
});

test('A16: a handler whose clock is two minutes off accepts nothing later than those two minutes after the end', async () => {
  for (const [skew, accepted] of [
    [-120_000, true],
    [120_000, false],
  ] as const) {
    const world = approvalWorld();
    const letter = await ask(world);
    const end = (await getApproval(world.table, letter.approvalId))?.expiresAt ?? 0;
    const skewed = { ...world, time: { ...world.time, now: () => world.time.now() + skew } };
    world.time.set(end + 119_999);
    assert.equal((await press(skewed, letter, 'approve')).status, accepted ? 303 : 404);
    const late = approvalWorld();
    const lateLetter = await ask(late);
    late.time.set(end + 120_000);
    const lateSkewed = { ...late, time: { ...late.time, now: () => late.time.now() + skew } };
    assert.equal((await press(lateSkewed, lateLetter, 'approve')).status, 404);
    assert.equal(await stateOf(late, lateLetter), 'pending/awaiting_approval');
  }
});
