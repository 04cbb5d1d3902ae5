/**
 * A zoo of mail scanners against a thousand mails: three looks when the mail arrives and three when it is clicked, so
 * that every mail meets every species; the link that stops everything is looked at in every fifth. The HTTP ones look at every mail; a real browser, which takes a second each time, at
 * a sample.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Mail } from '../../shared/ports/outside.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { listHalts } from '../../shared/store/halt-store.ts';
import { changeOperator } from '../../shared/store/operator-store.ts';
import { type ApprovalServer, approvalServer } from '../fixtures/approval-server.ts';
import { ask, executions, type Letter, press, SCALE_UP, stateOf, wrongCode } from '../fixtures/approval-world.ts';
import { NO_BROWSER, openBrowser } from '../fixtures/browser.ts';
import { linksIn, scan, scanInBrowser } from '../fixtures/mail-scanners.ts';
import { softPasskey } from '../fixtures/soft-passkey.ts';

const MAILS = 1000;
const LOOKS = 6;
const IN_BROWSER = 5;
const AT_ONCE = 8;
/** Forty thousand requests, on a machine that may have other things to do. */
const SLOW = { timeout: 600_000 };

let server: ApprovalServer;
let browser: Browser | undefined;
before(async () => {
  server = await approvalServer();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  server.close();
});

/** Every tenth is about so much that it takes a passkey. */
const isBig = (i: number): boolean => i % 10 === 3;
/** Every tenth meets a scanner that types six digits where six are wanted: five guesses in a million, here wrong ones. */
const isBrutal = (i: number): boolean => i % 10 === 7;

type Sent = { readonly i: number; readonly letter: Letter; readonly mail: Mail };

async function send(i: number): Promise<Sent> {
  const action = { kind: 'scale_up', agentId: `zoo-${i}`, fromInstances: 2, toInstances: 4 } as const;
  const costImpactMicrosPerDay = isBig(i) ? 300_000_000 : 86_400_000;
  const letter = await ask(server.world, { ...SCALE_UP, action, costImpactMicrosPerDay });
  const mail = server.world.mails.at(-1);
  if (!mail) throw new Error('no mail');
  return { i, letter, mail };
}

async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
    }),
  );
}

test(
  'A1, A2, A3, A4, A5: the whole zoo decides nothing in a thousand mails, and every person can still decide afterwards',
  SLOW,
  async (t) => {
    const { world } = server;
    const site = new URL(await world.publicUrl());
    const sent: Sent[] = [];
    for (let i = 0; i < MAILS; i++) sent.push(await send(i));
    const linksOf = ({ i, mail, letter }: Sent): readonly string[] => (i % 5 === 0 ? linksIn(mail) : [letter.link]);
    assert.ok(
      sent.every(({ mail, letter }) => linksIn(mail).includes(letter.link) && linksIn(mail).length <= 2),
      'a mail has the link to answer, and the one that stops everything',
    );
    let requests = 0;
    for (let look = 0; look < LOOKS; look++) {
      await inTurns(sent, async (one) => {
        const { i, letter } = one;
        const made = await scan(linksOf(one), {
          origin: site.origin,
          turn: look + i,
          digits: isBrutal(i) ? wrongCode(letter) : null,
        });
        requests += made;
      });
    }
    if (browser) {
      for (const { letter, mail } of sent.slice(0, IN_BROWSER)) {
        for (let look = 0; look < LOOKS; look++) await scanInBrowser(browser, letter.link);
        for (const link of linksIn(mail)) await scanInBrowser(browser, link);
      }
    } else t.diagnostic(NO_BROWSER);
    t.diagnostic(`${requests} requests, ${browser ? IN_BROWSER * (LOOKS + 2) : 0} visits of a browser`);
    assert.ok(requests > MAILS * LOOKS * 4, 'the zoo looked');

    for (const { i, letter } of sent) {
      assert.equal(await stateOf(world, letter), 'pending/awaiting_approval');
      const approval = await getApproval(world.table, letter.approvalId);
      assert.equal(approval?.attempts, isBrutal(i) ? 5 : 0);
      assert.equal(approval?.locked, isBrutal(i));
    }
    assert.equal(executions(world), 0);
    assert.deepEqual(
      (await listHalts(world.table)).filter(({ on }) => on),
      [],
      'nothing was stopped',
    );
    const notices = world.sent.filter(({ kind }) => kind === 'notify');
    assert.equal(notices.length, MAILS / 10, 'who was locked out is told, once');

    const key = softPasskey();
    await changeOperator(world, 'owner', { passkeys: [key.kept(site.hostname)] }, { actor: 'cli:root' });
    for (const { i, letter } of sent) await decide(i, letter, key, site);
    assert.equal(executions(world), sent.filter(({ i }) => wants(i) === 'approve').length);
  },
);

const wants = (i: number): 'approve' | 'reject' => (i % 3 === 0 ? 'reject' : 'approve');

/** As the person of the mail: by code; by passkey where it takes one; in a terminal where the codes were used up. */
async function decide(i: number, letter: Letter, key: ReturnType<typeof softPasskey>, site: URL): Promise<void> {
  const { world } = server;
  const answer = wants(i);
  if (isBrutal(i)) {
    const proof = { kind: 'identity', actor: 'cli:root' } as const;
    const result = await decideApproval(world, { approvalId: letter.approvalId, answer, proof });
    assert.equal(result.kind, 'recorded');
  } else if (isBig(i) && answer === 'approve') {
    const post = (verb: string, body: object): Promise<Response> =>
      fetch(`${letter.link.split('#')[0]}/${verb}`, {
        ...{ method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/json' } },
        body: JSON.stringify({ token: letter.token, ...body }),
      });
    const { nonce } = (await (await post('challenge', {})).json()) as { nonce: string };
    const { actionHash } = (await (await post('view', {})).json()) as { actionHash: string };
    const of = { answer, actionHash, decisionId: letter.decisionId, approvalId: letter.approvalId, nonce };
    const assertion = key.answer(of, { origin: site.origin, rpId: site.hostname });
    assert.equal((await post('decide', { decision: answer, actionHash, nonce, assertion })).status, 303);
  } else {
    assert.equal((await press(world, letter, answer)).status, 303);
  }
  const state = answer === 'approve' ? 'approved/approved' : 'rejected/rejected';
  assert.equal(await stateOf(world, letter), state);
}
