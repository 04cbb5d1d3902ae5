/** What a code may not move: a passkey, bound to this answer, this action, this place and this moment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../shared/domain/decision.ts';
import type { Operator } from '../../shared/domain/operator.ts';
import { doWorkJob } from '../../shared/jobs/do-work.ts';
import { faultyTable } from '../../shared/memory/faulty-table.ts';
import type { WebResponse } from '../../shared/runtime/job.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { expireDue } from '../../shared/store/approval-expiry.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { addOperator, changeOperator, getOperator, removeOperator } from '../../shared/store/operator-store.ts';
import { publishLeftovers } from '../../shared/store/outbox-store.ts';
import { changePolicy } from '../../shared/store/policy-store.ts';
import {
  type ApprovalWorld,
  actionHashIn,
  approvalWorld,
  ask,
  askAll,
  attemptsOf,
  executions,
  type Letter,
  OWNER,
  postJson,
  press,
  SCALE_UP,
  stateOf,
} from '../fixtures/approval-world.ts';
import { type Saying, type SoftPasskey, softPasskey } from '../fixtures/soft-passkey.ts';

const HERE = { origin: 'https://nova.example.com', rpId: 'nova.example.com' };
/** $300 a day: more than a code may move, less than two people are asked for. */
const BIG: Verdict = { ...SCALE_UP, costImpactMicrosPerDay: 300_000_000 };
const HUGE: Verdict = { ...SCALE_UP, costImpactMicrosPerDay: 3_000_000_000 };

async function withKey(world: ApprovalWorld, operatorId: string, counter = 0): Promise<SoftPasskey> {
  const key = softPasskey();
  const by = { actor: 'cli:root' };
  await changeOperator(
    world,
    operatorId,
    ({ passkeys }) => ({ passkeys: [...passkeys, key.kept(HERE.rpId, counter)] }),
    by,
  );
  return key;
}

const person = (id: string, roles: Operator['roles'] = ['approver']) => ({
  ...{ id, name: id, email: `${id}@example.com`, roles, logins: [`cli:${id}`] },
});

type Show = Partial<Saying> & {
  readonly signedFor?: 'approve' | 'reject';
  readonly actionHash?: string;
  readonly nonce?: string;
};

async function nonceFor(world: ApprovalWorld, letter: Letter): Promise<string> {
  const offer = await postJson(world, `/a/${letter.approvalId}/challenge`, { token: letter.token });
  return (JSON.parse(offer.body) as { nonce: string }).nonce;
}

/** As the page does it; whatever is said otherwise is a lie of the page or of the authenticator. */
async function touch(
  world: ApprovalWorld,
  { letter, key, answer }: { letter: Letter; key: SoftPasskey; answer: 'approve' | 'reject' },
  { signedFor = answer, actionHash, nonce, ...saying }: Show = {},
): Promise<WebResponse & { readonly sent: object }> {
  const used = nonce ?? (await nonceFor(world, letter));
  const shown = actionHash ?? (await actionHashIn(world, letter));
  const of = {
    answer: signedFor,
    actionHash: shown,
    decisionId: letter.decisionId,
    approvalId: letter.approvalId,
    nonce: used,
  };
  const assertion = key.answer(of, { ...HERE, ...saying });
  const sent = {
    token: letter.token,
    decision: answer,
    actionHash: await actionHashIn(world, letter),
    nonce: used,
    assertion,
  };
  return { ...(await postJson(world, `/a/${letter.approvalId}/decide`, sent)), sent };
}

const errorOf = ({ body }: WebResponse): string => (JSON.parse(body) as { error: string }).error;

test('what is at stake decides what it takes: exactly the threshold belongs to the tier below', async () => {
  const world = approvalWorld();
  const tierOf = async (costImpactMicrosPerDay: number, agentId: string) => {
    const action = { kind: 'retire', agentId } as const;
    const letter = await ask(world, { ...SCALE_UP, action, costImpactMicrosPerDay });
    return (await getApproval(world.table, letter.approvalId))?.tier;
  };
  assert.equal(await tierOf(200_000_000, 'a'), 'T0');
  assert.equal(await tierOf(200_000_001, 'b'), 'T1');
  assert.equal(await tierOf(-200_000_001, 'c'), 'T1', 'what it saves is at stake as well');
  assert.equal(await tierOf(1_000_000_000, 'd'), 'T1');
  const world2 = approvalWorld();
  await addOperator(world2, person('bob'), 'cli:root');
  const [letter] = await askAll(world2, { ...SCALE_UP, costImpactMicrosPerDay: 1_000_000_001 });
  assert.equal((await getApproval(world2.table, letter?.approvalId ?? ''))?.tier, 'T2');
});

test('a budget that would be allowed is at stake whole', async () => {
  const world = approvalWorld();
  const action = { kind: 'budget_change', agentId: 'shop', limitMicros: 500_000_000 } as const;
  const letter = await ask(world, { ...SCALE_UP, action, costImpactMicrosPerDay: 0 });
  assert.equal((await getApproval(world.table, letter.approvalId))?.tier, 'T1');
});

test('a mail about much holds no code that approves, and says what does', async () => {
  const world = approvalWorld();
  const letter = await ask(world, BIG);
  assert.equal(letter.approveCode, '');
  assert.match(letter.rejectCode, /^\d{6}$/);
  assert.match(world.mails[0]?.text ?? '', /confirm with your passkey to APPROVE/);
  assert.match(world.mails[0]?.text ?? '', /only a passkey \(or a terminal where you are known\) approves it/);
  const code = Array.from({ length: 4 }, () => press(world, letter, 'approve', { code: letter.rejectCode }));
  for (const { status } of await Promise.all(code)) assert.equal(status, 403);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
  assert.equal((await press(world, letter, 'reject')).status, 303);
  assert.equal(await stateOf(world, letter), 'rejected/rejected');
});

test('a passkey approves once: its person is on record, its counter has moved, its challenge is used up', async () => {
  const world = approvalWorld();
  const key = await withKey(world, 'owner', 4);
  const letter = await ask(world, BIG);
  const answer = await touch(world, { letter, key, answer: 'approve' }, { counter: 5 });
  assert.equal(answer.status, 303);
  assert.equal(await stateOf(world, letter), 'approved/approved');
  assert.equal(executions(world), 1);
  const approval = await getApproval(world.table, letter.approvalId);
  assert.equal(approval?.decidedBy, 'passkey:owner');
  assert.equal(approval?.usedChallenges.length, 1);
  const kept = (await getOperator(world, 'owner'))?.passkeys[0];
  assert.deepEqual([kept?.counter, kept?.lastUsedAt], [5, world.time.now()]);
  assert.equal(await attemptsOf(world, letter), 0);
  for (let i = 0; i < 20; i++) {
    assert.equal((await postJson(world, `/a/${letter.approvalId}/decide`, answer.sent)).status, 303);
  }
  assert.equal(executions(world), 1);
  const opposite = await touch(world, { letter, key, answer: 'reject' }, { counter: 6 });
  assert.equal(opposite.status, 409);
});

test('A36: wrong origin, wrong RP id, UV=false, nobody present, a frame, another ceremony, a counter going back: refused', async () => {
  const lies: Partial<Saying>[] = [
    { origin: 'https://evil.example.com' },
    { origin: 'http://nova.example.com' },
    { origin: 'https://nova.example.com:8443' },
    { rpId: 'example.com' },
    { rpId: 'evil.example.com' },
    { userVerified: false },
    { userPresent: false },
    { crossOrigin: true },
    { type: 'webauthn.create' },
    { counter: 7 },
    { counter: 6 },
    { counter: 0 },
  ];
  for (const lie of lies) {
    const world = approvalWorld();
    const key = await withKey(world, 'owner', 7);
    const letter = await ask(world, BIG);
    const refused = await touch(world, { letter, key, answer: 'approve' }, { counter: 8, ...lie });
    assert.deepEqual([refused.status, errorOf(refused)], [403, 'bad_passkey'], JSON.stringify(lie));
    assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
    assert.equal((await getOperator(world, 'owner'))?.passkeys[0]?.counter, 7);
    assert.equal(
      (await touch(world, { letter, key, answer: 'approve' }, { counter: 8 })).status,
      303,
      'the honest one',
    );
  }
});

test('A36: an assertion for the other answer, another action, another request or a stale or invented nonce is refused', async () => {
  const world = approvalWorld();
  const key = await withKey(world, 'owner');
  const letter = await ask(world, BIG);
  const other = await ask(world, { ...BIG, action: { kind: 'retire', agentId: 'shop' } });
  const both = { letter, key, answer: 'approve' } as const;
  const refused = async (show: Show): Promise<void> => {
    const answer = await touch(world, both, show);
    assert.deepEqual([answer.status, errorOf(answer)], [403, 'bad_passkey'], JSON.stringify(show));
  };
  await refused({ signedFor: 'reject' });
  await refused({ actionHash: 'f'.repeat(64) });
  await refused({ nonce: await nonceFor(world, other) });
  await refused({ nonce: `${world.time.now().toString(36)}.${'A'.repeat(22)}.${'0'.repeat(64)}` });
  const stale = await nonceFor(world, letter);
  world.time.advance(5 * 60_000 + 1);
  await refused({ nonce: stale });
  const valid = await touch(world, { letter: other, key, answer: 'approve' });
  assert.equal(valid.status, 303);
  const replayed = await postJson(world, `/a/${letter.approvalId}/decide`, { ...valid.sent, token: letter.token });
  assert.equal(replayed.status, 409, 'its action is another one');
  const hash = await actionHashIn(world, letter);
  const sent = { ...valid.sent, token: letter.token, actionHash: hash };
  assert.equal((await postJson(world, `/a/${letter.approvalId}/decide`, sent)).status, 403);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
});

test('A36: a challenge that was answered is answered no second time, even where the first answer no longer counts', async () => {
  const world = approvalWorld();
  await addOperator(world, person('bob'), 'cli:root');
  const key = await withKey(world, 'bob');
  const letter = (await askAll(world, HUGE)).find(({ to }) => to === 'bob@example.com');
  if (!letter) throw new Error('bob was not asked');
  const first = await touch(world, { letter, key, answer: 'approve' });
  assert.equal(first.status, 303);
  await changeOperator(world, 'bob', { roles: ['viewer'] }, { actor: 'cli:root' });
  await changeOperator(world, 'bob', { roles: ['approver'] }, { actor: 'cli:root' });
  const again = await postJson(world, `/a/${letter.approvalId}/decide`, first.sent);
  assert.deepEqual([again.status, errorOf(again)], [403, 'bad_passkey']);
});

test('A35: a forwarded link in the hands of another person has no passkey of an approver, and approves nothing', async () => {
  const world = approvalWorld();
  await addOperator(world, person('vera', ['viewer']), 'cli:root');
  const letter = await ask(world, BIG);
  const stranger = await touch(world, { letter, key: softPasskey(), answer: 'approve' });
  assert.deepEqual([stranger.status, errorOf(stranger)], [403, 'bad_passkey']);
  const viewer = await touch(world, { letter, key: await withKey(world, 'vera'), answer: 'approve' });
  assert.deepEqual([viewer.status, errorOf(viewer)], [403, 'not_an_approver']);
  await addOperator(world, person('gone'), 'cli:root');
  const key = await withKey(world, 'gone');
  await removeOperator(world, 'gone', 'cli:root');
  assert.equal((await touch(world, { letter, key, answer: 'approve' })).status, 403);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
});

test('a passkey of another host name opens nothing here', async () => {
  const world = approvalWorld();
  const key = softPasskey();
  await changeOperator(world, 'owner', { passkeys: [key.kept('localhost')] }, { actor: 'cli:root' });
  const letter = await ask(world, BIG);
  assert.equal((await touch(world, { letter, key, answer: 'approve' })).status, 403);
});

test('A37: no request lowers a tier: not by a field, a missing one, an older form, or a policy that was looser when it was asked', async () => {
  const world = approvalWorld();
  const letter = await ask(world, BIG);
  const actionHash = await actionHashIn(world, letter);
  const good = { token: letter.token, decision: 'approve', actionHash, code: '123456' };
  for (const more of [{ tier: 'T0' }, { v: 1 }, { assertion: null }, { nonce: '' }, { assertion: {} }]) {
    assert.equal((await postJson(world, `/a/${letter.approvalId}/decide`, { ...good, ...more })).status, 400);
  }
  assert.equal((await postJson(world, `/a/${letter.approvalId}/decide`, good)).status, 403);
  assert.equal((await postJson(world, `/a/${letter.approvalId}/decide?tier=T0`, good)).status, 404);

  const small = await ask(world, { ...SCALE_UP, action: { kind: 'retire', agentId: 'other' } });
  assert.match(small.approveCode, /^\d{6}$/);
  await changePolicy(world, { passkeyAboveMicros: 10_000_000 }, 'cli:root');
  const refused = await press(world, small, 'approve');
  assert.deepEqual([refused.status, errorOf(refused)], [403, 'needs_passkey']);
  assert.equal(await stateOf(world, small), 'pending/awaiting_approval');
  await changePolicy(world, { passkeyAboveMicros: 900_000_000 }, 'cli:root');
  assert.equal(
    (await press(world, letter, 'approve', { code: letter.rejectCode })).status,
    403,
    'asked for with a passkey',
  );
  assert.equal(executions(world), 0);
});

test('wrong codes lock the codes; a passkey still answers, and an older item of an unknown tier asks for the strictest', async () => {
  const world = approvalWorld();
  const key = await withKey(world, 'owner');
  const letter = await ask(world, BIG);
  for (let i = 0; i < 5; i++) await press(world, letter, 'reject', { code: '000000' });
  assert.equal((await press(world, letter, 'reject')).status, 404);
  const view = await postJson(world, `/a/${letter.approvalId}/view`, { token: letter.token });
  assert.equal((JSON.parse(view.body) as { locked: boolean }).locked, true);
  assert.equal((await touch(world, { letter, key, answer: 'approve' })).status, 303);
  const odd = await ask(world, { ...SCALE_UP, action: { kind: 'retire', agentId: 'odd' } });
  await world.table.write({ op: 'update', key: { pk: `APPROVAL#${odd.approvalId}`, sk: 'A' }, set: { tier: 'T9' } });
  assert.equal(errorOf(await press(world, odd, 'approve')), 'needs_passkey');
});

test('a hundred touches at once are one transition and one execution', async () => {
  const world = approvalWorld();
  const key = await withKey(world, 'owner');
  const letter = await ask(world, BIG);
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => touch(world, { letter, key, answer: 'approve' })),
  );
  assert.ok(answers.every(({ status }) => status === 303 || status === 403));
  assert.equal(await stateOf(world, letter), 'approved/approved');
  assert.equal(executions(world), 1);
});

test('at the terminal an approver is known by name; a viewer and a stranger are not enough', async () => {
  const world = approvalWorld();
  await addOperator(world, person('vera', ['viewer']), 'cli:root');
  const letter = await ask(world, BIG);
  const by = (actor: string) =>
    decideApproval(world, { approvalId: letter.approvalId, answer: 'approve', proof: { kind: 'identity', actor } });
  assert.deepEqual(await by('cli:vera'), { kind: 'refused', why: 'not_an_approver' });
  assert.deepEqual(await by('cli:stranger'), { kind: 'refused', why: 'not_an_approver' });
  assert.equal((await by('cli:root')).kind, 'recorded');
});

test('a link that was mailed to someone who may not answer any more answers nothing', async () => {
  const world = approvalWorld();
  await addOperator(world, person('bob', ['admin', 'approver']), 'cli:root');
  const letter = await ask(world);
  await removeOperator(world, 'owner', 'cli:bob');
  assert.equal((await press(world, letter, 'approve')).status, 403);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
});

async function twoPeople(requestedBy = 'system:evaluate-agents') {
  const world = approvalWorld();
  await addOperator(world, person('bob'), 'cli:root');
  await addOperator(world, person('carol'), 'cli:root');
  const keys = {
    owner: await withKey(world, 'owner'),
    bob: await withKey(world, 'bob'),
    carol: await withKey(world, 'carol'),
  };
  const letters = await askAll(world, HUGE, requestedBy);
  const letterOf = (email: string): Letter => {
    const found = letters.find(({ to }) => to === email);
    if (!found) throw new Error(`${email} was not asked`);
    return found;
  };
  return { world, keys, letters, letterOf };
}

test('T2: two different people, then an hour in which it can be called off, then it is done', async () => {
  const { world, keys, letters, letterOf } = await twoPeople();
  assert.deepEqual(
    letters.map(({ to }) => to),
    [OWNER, 'bob@example.com', 'carol@example.com'],
  );
  const [owner, bob] = [letterOf(OWNER), letterOf('bob@example.com')];
  assert.equal((await touch(world, { letter: owner, key: keys.owner, answer: 'approve' })).status, 303);
  assert.equal(await stateOf(world, owner), 'pending/awaiting_approval');
  assert.equal(
    (await touch(world, { letter: owner, key: keys.owner, answer: 'approve' })).status,
    303,
    'again, by the same person',
  );
  assert.equal(
    (await touch(world, { letter: bob, key: keys.owner, answer: 'approve' })).status,
    303,
    'through the other link',
  );
  assert.equal((await getApproval(world.table, owner.approvalId))?.consents.length, 1);
  assert.equal((await touch(world, { letter: bob, key: keys.bob, answer: 'approve' })).status, 303);
  assert.equal(await stateOf(world, owner), 'pending/awaiting_approval');
  assert.equal(executions(world), 0);
  const view = await postJson(world, `/a/${bob.approvalId}/view`, { token: bob.token });
  assert.match(
    (JSON.parse(view.body) as { standing: string }).standing,
    /^owner and bob have said yes\. It takes effect on /,
  );
  world.time.advance(3_600_000 - 1);
  assert.equal((await expireDue(world, world.time.now())).confirmed, 0);
  world.time.advance(1);
  const swept = await Promise.all([expireDue(world, world.time.now()), expireDue(world, world.time.now())]);
  assert.equal(
    swept.reduce((sum, { confirmed }) => sum + confirmed, 0),
    1,
  );
  assert.equal(await stateOf(world, owner), 'approved/approved');
  assert.equal(executions(world), 1);
  assert.equal((await getApproval(world.table, owner.approvalId))?.decidedBy, 'passkey:owner, passkey:bob');
  const actions = (await auditChain(world.table, `approval:${owner.approvalId}`)).map(
    ({ bytes }) => (JSON.parse(bytes) as { action: string }).action,
  );
  assert.equal(actions.filter((action) => action === 'approval.consented').length, 2);
});

test('T2: anybody who may answer calls it off while it waits, with the code of the mail that says so', async () => {
  const { world, keys, letterOf } = await twoPeople();
  const [owner, bob] = [letterOf(OWNER), letterOf('bob@example.com')];
  await touch(world, { letter: owner, key: keys.owner, answer: 'approve' });
  await touch(world, { letter: bob, key: keys.bob, answer: 'approve' });
  const offer = world.sent.find(({ kind }) => kind === 'offer-cancel');
  if (!offer) throw new Error('nobody is told');
  const before = world.mails.length;
  const call = { invocationId: 'one', deadline: Number.MAX_SAFE_INTEGER, receiveCount: 1 };
  await doWorkJob.run(offer, world as never, call);
  await doWorkJob.run(offer, world as never, call);
  const told = world.mails.slice(before);
  assert.deepEqual(told.map(({ to }) => to).sort(), ['bob@example.com', 'carol@example.com', OWNER]);
  const carol = told.find(({ to }) => to === 'carol@example.com');
  assert.match(
    carol?.text ?? '',
    /owner and bob approved this\. It takes effect on .*, unless one of you calls it off before/,
  );
  const token = /#(\S{43})/.exec(carol?.text ?? '')?.[1] ?? '';
  const code = /to REJECT: +(\d{6})/.exec(carol?.text ?? '')?.[1] ?? '';
  assert.equal((await press(world, owner, 'approve', { token, code })).status, 403);
  assert.equal((await press(world, owner, 'reject', { token, code })).status, 303);
  assert.equal(await stateOf(world, owner), 'rejected/rejected');
  world.time.advance(7_200_000);
  assert.equal((await expireDue(world, world.time.now())).confirmed, 0);
  assert.equal(executions(world), 0);
});

test('A34: who asked is not mailed and cannot approve, whether by passkey or at the terminal', async () => {
  const { world, keys, letters, letterOf } = await twoPeople('cli:bob');
  assert.deepEqual(
    letters.map(({ to }) => to),
    [OWNER, 'carol@example.com'],
  );
  const owner = letterOf(OWNER);
  const refused = await touch(world, { letter: owner, key: keys.bob, answer: 'approve' });
  assert.deepEqual([refused.status, errorOf(refused)], [403, 'requester']);
  const proof = { kind: 'identity', actor: 'cli:bob' } as const;
  const byName = await decideApproval(world, { approvalId: owner.approvalId, answer: 'approve', proof });
  assert.deepEqual(byName, { kind: 'refused', why: 'requester' });
  assert.equal((await touch(world, { letter: owner, key: keys.owner, answer: 'approve' })).status, 303);
  assert.equal((await getApproval(world.table, owner.approvalId))?.consents.length, 1);
  const rejected = await touch(world, { letter: owner, key: keys.bob, answer: 'reject' });
  assert.equal(rejected.status, 303, 'a no may come from anybody');
});

test('T2: a yes of somebody who was removed meanwhile does not count, and another person is needed again', async () => {
  const { world, keys, letterOf } = await twoPeople();
  const [owner, bob] = [letterOf(OWNER), letterOf('bob@example.com')];
  await touch(world, { letter: bob, key: keys.bob, answer: 'approve' });
  await touch(world, { letter: owner, key: keys.owner, answer: 'approve' });
  await removeOperator(world, 'bob', 'cli:root');
  world.time.advance(3_600_000);
  assert.equal((await expireDue(world, world.time.now())).confirmed, 0);
  const approval = await getApproval(world.table, owner.approvalId);
  assert.deepEqual([approval?.status, approval?.consents.length, approval?.effectiveAt], ['pending', 1, null]);
  assert.equal(
    (await touch(world, { letter: letterOf('carol@example.com'), key: keys.carol, answer: 'approve' })).status,
    303,
  );
  world.time.advance(3_600_000);
  assert.equal((await expireDue(world, world.time.now())).confirmed, 1);
  assert.equal(executions(world), 1);
});

test('T2: both people at the same moment are two, one of them twice is one', async () => {
  for (let round = 0; round < 10; round++) {
    const { world, keys, letterOf } = await twoPeople();
    const [owner, bob] = [letterOf(OWNER), letterOf('bob@example.com')];
    await Promise.all([
      touch(world, { letter: owner, key: keys.owner, answer: 'approve' }),
      touch(world, { letter: bob, key: keys.owner, answer: 'approve' }),
    ]);
    assert.equal((await getApproval(world.table, owner.approvalId))?.consents.length, 1);
    await Promise.all([
      touch(world, { letter: bob, key: keys.bob, answer: 'approve' }),
      touch(world, { letter: owner, key: keys.bob, answer: 'approve' }),
      touch(world, { letter: owner, key: keys.owner, answer: 'approve' }),
    ]);
    assert.equal((await getApproval(world.table, owner.approvalId))?.consents.length, 2);
    assert.equal(world.sent.filter(({ kind }) => kind === 'offer-cancel').length, 1);
  }
});

/** Every call of the table fails in turn, as refused or as done with its answer lost; then the person tries again. */
for (const fault of ['down', 'lost'] as const) {
  test(`T2: a table that is ${fault} at any moment of the second yes loses nothing and does nothing twice`, async () => {
    for (let at = 1, failed = true; failed; at++) {
      const { world, keys, letterOf } = await twoPeople();
      const [owner, bob] = [letterOf(OWNER), letterOf('bob@example.com')];
      await touch(world, { letter: owner, key: keys.owner, answer: 'approve' }, { counter: 1 });
      failed = false;
      const table = faultyTable(world.table, (_, count) => {
        if (count !== at) return null;
        failed = true;
        return fault;
      });
      const dying = { ...world, table: { ...world.table, ...table } };
      await touch(dying, { letter: bob, key: keys.bob, answer: 'approve' }, { counter: 1 }).catch(() => null);
      const again = await touch(world, { letter: bob, key: keys.bob, answer: 'approve' }, { counter: 2 });
      assert.equal(again.status, 303, `call ${at}`);
      assert.equal((await getApproval(world.table, owner.approvalId))?.consents.length, 2);
      await publishLeftovers(world as never, Number.MAX_SAFE_INTEGER);
      assert.ok(
        world.sent.some(({ kind }) => kind === 'offer-cancel'),
        `call ${at}`,
      );
      world.time.advance(3_600_000);
      assert.equal((await expireDue(world, world.time.now())).confirmed, 1);
      assert.equal(executions(world), 1);
      assert.ok(at < 60, 'it never ends');
    }
  });
}
