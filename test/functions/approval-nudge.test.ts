/** Requests that nobody answers: reminded, handed to the next operator, told in one list; and a mail service that is down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NovaError } from '../../shared/domain/error.ts';
import { nudgeApproval, nudgeDue } from '../../shared/jobs/nudge-approvals.ts';
import { requestApproval } from '../../shared/jobs/request-approval.ts';
import { noteDelivery } from '../../shared/store/approval-delivery.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { createDecision } from '../../shared/store/decision-store.ts';
import { addOperator } from '../../shared/store/operator-store.ts';
import { readMailEvents } from '../../shared/wire/mail-event.ts';
import {
  type ApprovalWorld,
  approvalWorld,
  ask,
  letterFrom,
  press,
  SCALE_UP,
  stateOf,
} from '../fixtures/approval-world.ts';

const HOUR = 3_600_000;
const OPERATOR = 'cli:alice';

async function withBob(): Promise<ApprovalWorld> {
  const world = approvalWorld();
  const bob = { id: 'bob', name: 'Bob', email: 'bob@example.com', roles: ['approver'] as const, logins: [] };
  await addOperator(world, bob, OPERATOR);
  return world;
}

/** A sweep, and the work it has ordered. */
async function look(world: ApprovalWorld): Promise<number> {
  const count = await nudgeDue(world);
  for (let message = world.sent.shift(); message; message = world.sent.shift()) {
    if (message.kind === 'nudge-approval') await nudgeApproval(message, world);
    if (message.kind === 'notify') world.mails.push({ ...message, to: 'owner@example.com', html: '' });
  }
  return count;
}

const mailed = (world: ApprovalWorld): string[] =>
  world.mails.map(({ to, subject }) => `${to}: ${subject.split(':')[0]}`);

test('after a third of its time there is one reminder, after two thirds the next operator is asked, and each link works', async () => {
  const world = await withBob();
  const letter = await ask(world);
  world.sent.length = 0;
  world.time.advance(7 * HOUR);
  assert.equal(await look(world), 0);
  world.time.advance(HOUR);
  for (let n = 0; n < 3; n++) await look(world);
  world.time.advance(HOUR);
  await look(world);
  assert.deepEqual(mailed(world).slice(1), ['owner@example.com: Still waiting for your answer']);
  world.time.advance(7 * HOUR);
  for (let n = 0; n < 3; n++) await look(world);
  assert.deepEqual(mailed(world).slice(2), ['bob@example.com: Nobody has answered yet']);
  world.time.advance(HOUR);
  assert.equal(await look(world), 0);
  const bobs = letterFrom(world.mails.at(-1), letter.decisionId);
  assert.notEqual(bobs.token, letter.token);
  assert.equal((await press(world, bobs, 'approve')).status, 303);
  assert.equal(await stateOf(world, letter), 'approved/approved');
  assert.equal((await getApproval(world.table, letter.approvalId))?.decidedBy, 'link:bob@example.com');
  assert.equal((await press(world, letter, 'reject')).status, 409, 'the first link sees what was decided');
});

const EVENT = { sg_event_id: 'e1', event: 'bounce', timestamp: 1_764_000_000 };

test('a mail that comes back is one alarm, moves no decision, and the next operator is asked at once', async () => {
  const world = await withBob();
  const letter = await ask(world);
  world.sent.length = 0;
  const dedupKey = world.mails[0]?.dedupKey ?? '';
  const [event] = readMailEvents(JSON.stringify([{ ...EVENT, dedupKey }]));
  assert.ok(event, `the key of the mail is known again: ${dedupKey}`);
  assert.equal(event.to, 'owner');
  for (let n = 0; n < 3; n++) await noteDelivery(world, event);
  assert.equal(world.log.said.filter(({ level }) => level === 'error').length, 1);
  await look(world);
  assert.deepEqual(mailed(world).slice(1), ['bob@example.com: Nobody has answered yet']);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
  const approval = await getApproval(world.table, letter.approvalId);
  assert.deepEqual([approval?.delivery?.state, approval?.lost, approval?.attempts], ['bounce', ['owner'], 0]);
});

test('when nobody is left to ask, that is an alarm, once', async () => {
  const world = approvalWorld();
  const letter = await ask(world);
  world.sent.length = 0;
  const lost = { eventId: 'e', state: 'dropped', at: 1, approvalId: letter.approvalId, to: 'owner' } as const;
  await noteDelivery(world, lost);
  for (let n = 0; n < 5; n++) {
    await look(world);
    world.time.advance(11 * 60_000);
  }
  const alarms = world.log.said.filter(({ message }) => /nobody else can be asked/.test(message));
  assert.equal(alarms.length, 1);
  assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
});

test('when many wait, one list a day stands for their reminders', async () => {
  const world = approvalWorld();
  for (let n = 0; n < 6; n++) {
    const action = { kind: 'scale_up', agentId: `shop-${n}`, fromInstances: 2, toInstances: 4 } as const;
    await ask(world, { ...SCALE_UP, action });
  }
  world.sent.length = 0;
  world.mails.length = 0;
  world.time.advance(9 * HOUR);
  for (let n = 0; n < 4; n++) await look(world);
  assert.deepEqual(mailed(world), ['owner@example.com: 6 requests wait for your answer']);
  assert.match(world.mails[0]?.text ?? '', /Scale shop-5 up from 2 to 4 instances .*nova approval show/);
  world.time.advance(14 * HOUR);
  await look(world);
  assert.equal(mailed(world).filter((one) => /requests wait/.test(one)).length, 2, 'and one on the next day');
});

test('the mail service is down for two hours: the request stands, and its mail goes out within minutes afterwards', async () => {
  const world = approvalWorld();
  let down = true;
  const mailer = {
    send: async (mail: (typeof world.mails)[number]) => {
      if (down) throw new NovaError('unavailable', 'the mail service is down');
      world.mails.push(mail);
    },
  };
  const flaky = { ...world, mailer };
  const order = {
    verdict: SCALE_UP,
    status: 'awaiting_approval',
    rule: 't@1',
    actor: 'system:evaluate-agents',
  } as const;
  const decision = await createDecision(world, order);
  const approvalId = decision?.approvalId ?? '';
  world.sent.length = 0;
  // Its message has come back as often as it may, and is dead.
  for (let n = 0; n < 10; n++)
    await assert.rejects(requestApproval({ v: 1, kind: 'request-approval', approvalId }, flaky), {
      code: 'unavailable',
    });
  const minute = async (): Promise<void> => {
    world.time.advance(60_000);
    await nudgeDue(flaky);
    for (let message = world.sent.shift(); message; message = world.sent.shift()) {
      if (message.kind === 'nudge-approval') await nudgeApproval(message, flaky).catch(() => undefined);
    }
  };
  for (let n = 0; n < 120; n++) await minute();
  assert.equal(world.mails.length, 0);
  down = false;
  for (let n = 0; n < 11; n++) await minute();
  assert.equal(world.mails.length, 1);
  const letter = letterFrom(world.mails[0], decision?.id ?? '');
  assert.equal((await press(world, letter, 'approve')).status, 303);
  assert.equal(await stateOf(world, letter), 'approved/approved');
});
