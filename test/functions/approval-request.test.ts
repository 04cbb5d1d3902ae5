/** Asking: how many may be open, what the mail says, what crashes leave behind, and what silence means. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionHashOf } from '../../shared/domain/approval.ts';
import { approvalMail } from '../../shared/domain/approval-mail.ts';
import type { Verdict } from '../../shared/domain/decision.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { notify } from '../../shared/jobs/notify.ts';
import { requestApproval } from '../../shared/jobs/request-approval.ts';
import type { Mail } from '../../shared/ports/outside.ts';
import { expireDue } from '../../shared/store/approval-expiry.ts';
import {
  approvalCapReached,
  approvalOps,
  approvalsOfDay,
  getApproval,
  openApprovals,
} from '../../shared/store/approval-store.ts';
import { createDecision, getDecision } from '../../shared/store/decision-store.ts';
import {
  type ApprovalWorld,
  actionHashIn,
  approvalWorld,
  ask,
  executions,
  letterFrom,
  OWNER,
  press,
  SCALE_UP,
  stateOf,
  wrongCode,
} from '../fixtures/approval-world.ts';

const KINDS = ['retire', 'resume', 'optimize', 'deploy'] as const;
const verdictOf = (kind: (typeof KINDS)[number], agentId = 'shop'): Verdict => ({
  ...SCALE_UP,
  action: { kind, agentId },
});
const DAY_MS = 24 * 3_600_000;

test('the fingerprint of an action is the same in the decision, the approval and the mail, whatever its key order', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const decision = await getDecision(world.table, letter.decisionId);
  const hash = await actionHashIn(world, letter);
  assert.equal(hash, decision?.actionHash);
  const turned = { toInstances: 4, fromInstances: 2, agentId: 'shop', kind: 'scale_up' } as const;
  assert.equal(actionHashOf(turned, world.hashing.sha256), hash);
  assert.notEqual(actionHashOf({ ...turned, toInstances: 5 }, world.hashing.sha256), hash);
  assert.ok(world.mails[0]?.text.includes(hash.slice(0, 16)));
});

test('both bodies of the mail are complete: facts, link, both codes, and what silence means', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const [mail] = world.mails;
  if (!mail) throw new Error('no mail');
  assert.equal(mail.to, OWNER);
  assert.equal(mail.subject, 'Your approval is needed: Scale shop up from 2 to 4 instances');
  for (const body of [mail.text, mail.html]) {
    for (const part of [
      letter.link,
      letter.approveCode,
      letter.rejectCode,
      '2 more instances will run on its schedule',
      '$86.40 more per day, now $86.40',
      '96\u00a0%, medium risk',
      '96 runs, 96.9\u00a0% succeeded, 2 crashed',
      'earned $144.00, cost $28.80, ROI 400\u00a0%',
      '$12.60 of $200.00 spent',
      'Customers',
      'Nothing changes. The request ends on Sat, 21 Nov 2026, 09:00 (Europe/Zurich) and then counts as rejected.',
      letter.approvalId,
    ]) {
      assert.ok(body.includes(part), part);
    }
  }
  // The host is the configured one, whatever a request may have said (A39).
  assert.match(letter.link, /^https:\/\/nova\.example\.com\/prod\/a\/[0-9A-Z]{26}#[\w-]{43}$/);
  assert.match(mail.html, /<a [^>]*clicktracking="off"[^>]*href="https:/);
  const hosts = mail.html.match(/https?:\/\/[^/"]+/g);
  assert.deepEqual(
    hosts,
    Array(2).fill('https://nova.example.com'),
    'the answer, the kill switch, and nothing to load',
  );
});

test('what an agent wrote is cleaned, cut, escaped and fenced, and becomes no link (A31)', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const decision = await getDecision(world.table, letter.decisionId);
  if (!decision) throw new Error('no decision');
  const evil = [
    '<script>alert(1)</script><img src=x onerror=alert(2)>',
    'safe\u202Egnissorc\u2066 z\u200Be\u200Dr\u00ADo \u{E0041}tag \u0007bell',
    'to APPROVE:  111111 https://evil.example/a now or mail boss@evil.example',
    'Z\u0301\u0302\u0303\u0304\u0305\u0306\u0307algo \uD800',
    'x'.repeat(10_000),
  ].join('\r\n');
  const hostile = { ...decision, why: `why\r\nBcc: x@y.z ${'y'.repeat(10_000)}` };
  const { approval } = approvalOps(world, {
    decision: hostile,
    requestedBy: 'agent:shop',
    agentText: evil,
    tier: 'T0',
  });
  assert.ok([...approval.agentText].length <= 500);
  assert.equal(/[\p{Cc}\p{Cf}\p{Cs}]/u.test(approval.agentText.replaceAll('\n', '')), false);
  assert.equal(/\p{M}{4}/u.test(approval.agentText), false);
  for (const { label, value } of approval.lines) {
    assert.ok(value.length <= 240 && label.length <= 40);
    assert.equal(/[\r\n]/.test(value), false);
  }
  const given = { link: letter.link, approveCode: '123456', rejectCode: '654321' };
  const { subject, text, html } = approvalMail(approval, given, { email: OWNER, timezone: 'UTC' });
  assert.equal(/[\r\n]/.test(subject), false);
  assert.equal(/<script|<img/.test(html), false);
  assert.ok(html.includes('&lt;script&gt;alert(1)&lt;/script&gt;'));
  assert.equal(text.match(/https?:\/\//g)?.length, 1);
  assert.ok(text.includes('  > to APPROVE:  111111') || text.includes('  > to APPROVE: 111111'));
  assert.equal(letterFrom({ text } as Mail, '').approveCode, '123456');
  assert.equal(/boss@evil/.test(text + html), false);
});

test('a name of a thousand characters is cut in the title and the subject', async () => {
  const world = approvalWorld();
  const agentId = 'a'.repeat(1000);
  const letter = await ask(world, { ...SCALE_UP, action: { kind: 'retire', agentId } });
  const approval = await getApproval(world.table, letter.approvalId);
  assert.equal([...(approval?.title ?? '')].length, 120);
  assert.ok((world.mails[0]?.subject.length ?? 999) < 200);
});

test('an agent may have five requests open; the sixth is refused, and an answer makes room (A40)', async () => {
  const world = approvalWorld();
  const letters = [await ask(world)];
  for (const kind of KINDS) letters.push(await ask(world, verdictOf(kind)));
  assert.equal(await approvalCapReached(world.table, 'shop'), true);
  const sixth: Verdict = { ...SCALE_UP, action: { kind: 'budget_change', agentId: 'shop', limitMicros: 1_000_000 } };
  const order = { verdict: sixth, status: 'awaiting_approval', rule: 'r', actor: 'system:test' } as const;
  for (let i = 0; i < 200; i++) assert.equal(await createDecision(world, order), null);
  assert.equal((await openApprovals(world.table)).length, 5);
  assert.notEqual(await createDecision(world, { ...order, verdict: verdictOf('retire', 'other') }), null);
  const [first] = letters;
  if (first) assert.equal((await press(world, first, 'reject')).status, 303);
  assert.notEqual(await createDecision(world, order), null);
});

test('a second delivery of a message whose mail went out sends nothing', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  await requestApproval({ v: 1, kind: 'request-approval', approvalId: letter.approvalId }, world);
  assert.equal(world.mails.length, 1);
});

test('a crash between sending and noting it sends a second mail, and both work', async () => {
  for (const used of [0, 1]) {
    const world = approvalWorld();
    const letter = await ask(world);
    const message = { v: 1, kind: 'request-approval', approvalId: letter.approvalId } as const;
    // As the item stood when the process died after the first mail.
    await forgetMailing(world, letter.approvalId);
    await requestApproval(message, world);
    assert.equal(world.mails.length, 2);
    const mailed = letterFrom(world.mails[used], letter.decisionId);
    assert.notEqual(letterFrom(world.mails[1 - used], letter.decisionId).token, mailed.token);
    assert.equal((await press(world, mailed, 'approve')).status, 303);
    assert.equal(executions(world), 1);
  }
});

async function forgetMailing(world: ApprovalWorld, approvalId: string): Promise<void> {
  const approval = await getApproval(world.table, approvalId);
  const credentials = approval?.credentials.map((one) => ({ ...one, mailedAt: null })) ?? [];
  await world.table.write({ op: 'update', key: { pk: `APPROVAL#${approvalId}`, sk: 'A' }, set: { credentials } });
}

test('while the mail service is down the message comes back; the last three links are kept, and the one that arrives works', async () => {
  const world = approvalWorld();
  const decision = await createDecision(world, {
    ...{ verdict: SCALE_UP, status: 'awaiting_approval', rule: 'r', actor: 'system:test' },
  });
  const message = { v: 1, kind: 'request-approval', approvalId: decision?.approvalId ?? '' } as const;
  const send = async (): Promise<void> => {
    throw new NovaError('unavailable', 'the mail service answered 503');
  };
  const down = { ...world, mailer: { send } };
  for (let i = 0; i < 6; i++) await assert.rejects(requestApproval(message, down), { code: 'unavailable' });
  assert.equal((await getApproval(world.table, message.approvalId))?.credentials.length, 3);
  await requestApproval(message, world);
  const letter = letterFrom(world.mails[0], decision?.id ?? '');
  assert.equal((await getApproval(world.table, message.approvalId))?.credentials.length, 3);
  assert.equal((await press(world, letter, 'approve')).status, 303);
});

test('two deliveries at once may send two mails, and nothing is lost', async () => {
  const world = approvalWorld();
  const order = { verdict: SCALE_UP, status: 'awaiting_approval', rule: 'r', actor: 'system:test' } as const;
  const decision = await createDecision(world, order);
  const message = { v: 1, kind: 'request-approval', approvalId: decision?.approvalId ?? '' } as const;
  await Promise.all([requestApproval(message, world), requestApproval(message, world)]);
  assert.ok(world.mails.length >= 1 && world.mails.length <= 2);
  for (const mail of world.mails) {
    assert.equal((await press(world, letterFrom(mail, decision?.id ?? ''), 'approve')).status, 303);
  }
  assert.equal(executions(world), 1);
});

test('nobody is asked about what has been answered or has ended meanwhile', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  await forgetMailing(world, letter.approvalId);
  world.time.advance(DAY_MS);
  await requestApproval({ v: 1, kind: 'request-approval', approvalId: letter.approvalId }, world);
  assert.equal(world.mails.length, 1);
});

test('silence rejects: the sweep ends the request and its decision, once, and frees the place of the agent', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  world.time.advance(DAY_MS - 1);
  assert.deepEqual(await expireDue(world, world.time.now()), { expired: 0, locked: 0, confirmed: 0 });
  world.time.advance(1);
  const [first, second] = await Promise.all([expireDue(world, world.time.now()), expireDue(world, world.time.now())]);
  assert.equal(first.expired + second.expired, 1);
  assert.equal(await stateOf(world, letter), 'expired/expired');
  assert.equal(executions(world), 0);
  assert.deepEqual(await openApprovals(world.table), []);
  const today = new Date(world.time.now()).toISOString().slice(0, 10);
  assert.equal((await approvalsOfDay(world.table, today))[0]?.id, letter.approvalId);
  assert.equal((await press(world, letter, 'approve')).status, 404);
  for (const kind of KINDS) await ask(world, verdictOf(kind));
  assert.equal(await approvalCapReached(world.table, 'shop'), false);
});

test('an answer at the last moment and the sweep have one winner', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  world.time.advance(DAY_MS - 1);
  const [answer, swept] = await Promise.all([press(world, letter, 'approve'), expireDue(world, world.time.now() + 1)]);
  const state = await stateOf(world, letter);
  assert.equal(state, answer.status === 303 ? 'approved/approved' : 'expired/expired');
  assert.equal(swept.expired, answer.status === 303 ? 0 : 1);
});

test('a lock that a crash swallowed is made good by the sweep, with its notice', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  const key = { pk: `APPROVAL#${letter.approvalId}`, sk: 'A' };
  await world.table.write({ op: 'update', key, set: { attempts: 5, lastAttemptAt: world.time.now() } });
  assert.deepEqual(await expireDue(world, world.time.now() + 59_000), { expired: 0, locked: 0, confirmed: 0 });
  assert.deepEqual(await expireDue(world, world.time.now() + 60_000), { expired: 0, locked: 1, confirmed: 0 });
  assert.deepEqual(await expireDue(world, world.time.now() + 60_000), { expired: 0, locked: 0, confirmed: 0 });
  assert.equal(world.sent.filter(({ kind }) => kind === 'notify').length, 1);
});

test('the notice of a lock reaches the owner and says what can still be done', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  for (let i = 0; i < 5; i++) await press(world, letter, 'approve', { code: wrongCode(letter) });
  const notice = world.sent.find((message) => message.kind === 'notify');
  if (notice?.kind !== 'notify') throw new Error('no notice');
  await notify(notice, world);
  const mail = world.mails.at(-1);
  assert.equal(mail?.to, OWNER);
  assert.equal(mail?.dedupKey, `approval-locked:${letter.approvalId}`);
  for (const body of [mail?.text ?? '', mail?.html ?? '']) {
    assert.ok(body.includes(`./nova approval approve ${letter.approvalId}`));
    assert.equal(body.includes(letter.token) || body.includes(letter.approveCode), false);
  }
});

test('a notice cannot smuggle headers or markup', async () => {
  const world = approvalWorld();
  const message = {
    v: 1,
    kind: 'notify',
    subject: 'a\r\nBcc: x@y.z',
    text: '<b>hi</b>\nsecond\u202E',
    dedupKey: 'k',
  } as const;
  await notify(message, world);
  assert.equal(world.mails[0]?.subject, 'a Bcc: x@y.z');
  assert.ok(world.mails[0]?.html.includes('&lt;b&gt;hi&lt;/b&gt;\nsecond'));
  assert.equal(world.mails[0]?.text.includes('\u202E'), false);
});
