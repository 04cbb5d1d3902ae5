/** Passkeys in a real browser with a virtual authenticator: made by invitation, used to approve, refused when they lie. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, CDPSession, Page } from 'playwright-core';
import type { Verdict } from '../../shared/domain/decision.ts';
import { expireDue } from '../../shared/store/approval-expiry.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { invite, mailEnrolment } from '../../shared/store/enrolment-store.ts';
import { addOperator, changeOperator, getOperator } from '../../shared/store/operator-store.ts';
import { type ApprovalServer, approvalServer } from '../fixtures/approval-server.ts';
import { askAll, executions, type Letter, SCALE_UP, stateOf } from '../fixtures/approval-world.ts';
import { openBrowser, visitIn } from '../fixtures/browser.ts';

let browser: Browser | undefined;
let server: ApprovalServer;
before(async () => {
  server = await approvalServer();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  server.close();
});

type Device = { readonly cdp: CDPSession; readonly authenticatorId: string };

/** A phone that knows its user by a fingerprint. */
async function device(page: Page): Promise<Device> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = {
    ...({ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const),
    ...{ isUserVerified: true, automaticPresenceSimulation: true },
  };
  return { cdp, ...(await cdp.send('WebAuthn.addVirtualAuthenticator', { options })) };
}

let asked = 0;
const about = (costImpactMicrosPerDay: number): Verdict => ({
  ...SCALE_UP,
  action: { kind: 'scale_up', agentId: `shop-${++asked}`, fromInstances: 2, toInstances: 4 },
  costImpactMicrosPerDay,
});

async function ask(costImpactMicrosPerDay: number, to = 'owner@example.com'): Promise<Letter> {
  const letter = (await askAll(server.world, about(costImpactMicrosPerDay))).find((one) => one.to === to);
  if (!letter) throw new Error(`${to} was not asked`);
  return letter;
}

/** From the command's invitation to the key on the device. */
async function makeKey(page: Page, operatorId: string): Promise<void> {
  const { id, code } = await invite(server.world, { operatorId, label: 'phone', actor: 'cli:root' });
  await mailEnrolment(server.world, id);
  const link = /https?:\/\/\S+\/passkey#\S+/.exec(server.world.mails.at(-1)?.text ?? '')?.[0] ?? '';
  await page.goto('about:blank');
  await page.goto(link);
  assert.equal(page.url(), link.split('#')[0], 'the token has left the address bar');
  await page.getByLabel('Code from the terminal').fill(code);
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await page.getByRole('heading', { name: 'Your passkey is ready' }).waitFor();
}

async function openLetter(page: Page, link: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(link);
  await page.locator('#request').waitFor({ state: 'visible' });
}

const visit = (t: TestContext, act: Parameters<typeof visitIn>[2]) => visitIn(browser, t, act);

test('a passkey is made with the link and the code, and approves what a code may not', async (t) => {
  await visit(t, async (page, faults) => {
    const { cdp, authenticatorId } = await device(page);
    await makeKey(page, 'owner');
    const [key] = (await getOperator(server.world, 'owner'))?.passkeys ?? [];
    assert.deepEqual([key?.rpId, key?.label], ['localhost', 'phone']);
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
    assert.equal(credentials[0]?.isResidentCredential, true);
    const letter = await ask(300_000_000);
    await openLetter(page, letter.link);
    const before = executions(server.world);
    await page.getByRole('button', { name: 'Approve with passkey' }).click();
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    await page.getByText(/^Approved by owner on .* NovaOS checks once more/).waitFor();
    assert.match(page.url(), /\/done$/);
    assert.equal(await stateOf(server.world, letter), 'approved/approved');
    assert.equal(executions(server.world) - before, 1);
    const used = (await getOperator(server.world, 'owner'))?.passkeys[0];
    assert.ok((used?.counter ?? 0) > (key?.counter ?? 0), 'the counter moved on');
    assert.deepEqual(faults, []);
    assert.deepEqual(
      server.seen.filter(({ url, referer }) => url.includes('#') || referer !== ''),
      [],
    );
  });
});

test('A36: an authenticator that does not verify its user, or counts backwards, is refused by the page that shows why', async (t) => {
  await visit(t, async (page) => {
    const { cdp, authenticatorId } = await device(page);
    await makeKey(page, 'owner');
    const letter = await ask(300_000_000);
    await openLetter(page, letter.link);
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.locator('#approve').click();
    await page.getByText(/No passkey was used/).waitFor();
    assert.equal(await stateOf(server.world, letter), 'pending/awaiting_approval');
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    // The server has seen a copy of this key count further: the authenticator in our hands is behind.
    await changeOperator(
      server.world,
      'owner',
      ({ passkeys }) => ({ passkeys: passkeys.map((one) => ({ ...one, counter: 1_000_000 })) }),
      { actor: 'cli:root' },
    );
    await page.locator('#approve').click();
    await page.getByText('This passkey was not accepted here. Nothing was decided.').waitFor();
    assert.equal(await stateOf(server.world, letter), 'pending/awaiting_approval');
    await changeOperator(server.world, 'owner', { passkeys: [] }, { actor: 'cli:root' });
  });
});

test('A36: an assertion that a browser made is worth nothing at another place, for another request, or a second time', async (t) => {
  await visit(t, async (page) => {
    await device(page);
    await makeKey(page, 'owner');
    const [letter, other] = [await ask(300_000_000), await ask(300_000_000)];
    const sent: string[] = [];
    await page.route('**/decide', async (route) => {
      sent.push(route.request().postData() ?? '');
      await route.abort();
    });
    await openLetter(page, letter.link);
    await page.locator('#approve').click();
    await page.getByText(/cannot be reached just now/).waitFor();
    const caught = JSON.parse(sent[0] ?? '{}') as { assertion: { clientDataJSON: string } };
    const post = (one: Letter, body: object): Promise<Response> =>
      fetch(`${one.link.split('#')[0]}/decide`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'manual',
      });
    const actionHash = (await getApproval(server.world.table, other.approvalId))?.actionHash;
    assert.equal((await post(other, { ...caught, token: other.token, actionHash })).status, 403, 'another request');
    assert.equal((await post(letter, { ...caught, decision: 'reject' })).status, 403, 'the other answer');
    const said = JSON.parse(Buffer.from(caught.assertion.clientDataJSON, 'base64url').toString()) as object;
    const moved = Buffer.from(JSON.stringify({ ...said, origin: 'https://evil.example.com' })).toString('base64url');
    const elsewhere = { ...caught.assertion, clientDataJSON: moved };
    assert.equal((await post(letter, { ...caught, assertion: elsewhere })).status, 403, 'another place');
    assert.equal(await stateOf(server.world, letter), 'pending/awaiting_approval');
    const before = executions(server.world);
    for (let i = 0; i < 3; i++) assert.equal((await post(letter, caught)).status, 303);
    assert.equal(executions(server.world) - before, 1, 'once');
    await changeOperator(server.world, 'owner', { passkeys: [] }, { actor: 'cli:root' });
  });
});

test('A35: a browser without the passkey of an approver approves nothing, and the code to reject still rejects', async (t) => {
  const letter = await ask(300_000_000);
  await visit(t, async (page) => {
    await device(page);
    await openLetter(page, letter.link);
    await page.locator('#approve').click();
    await page.getByText(/No passkey was used/).waitFor();
    assert.equal(await stateOf(server.world, letter), 'pending/awaiting_approval');
    await page.locator('#code').fill(letter.rejectCode);
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('heading', { name: 'Rejected' }).waitFor();
    assert.equal(await stateOf(server.world, letter), 'rejected/rejected');
  });
});

test('two people approve, it waits, and a third calls it off; untouched, it takes effect', async (t) => {
  const { world } = server;
  for (const id of ['bob', 'carol']) {
    const draft = { id, name: id, email: `${id}@example.com`, roles: ['approver'] as const, logins: [] };
    await addOperator(world, draft, 'cli:root');
  }
  await visit(t, async (page, faults) => {
    const { cdp, authenticatorId } = await device(page);
    const answerAs = async (id: string, letters: readonly Letter[]): Promise<void> => {
      await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
      await changeOperator(world, id, { passkeys: [] }, { actor: 'cli:root' });
      await makeKey(page, id);
      await openLetter(page, letters.find(({ to }) => to.startsWith(`${id}@`))?.link ?? '');
      await page.getByRole('button', { name: 'Approve with passkey' }).click();
    };
    for (const calledOff of [true, false]) {
      const letters = await askAll(world, about(3_000_000_000));
      const [first] = letters;
      if (!first) throw new Error('nobody was asked');
      await answerAs('owner', letters);
      await page.getByRole('heading', { name: 'Your yes is noted' }).waitFor();
      await page.getByText('owner has said yes. One more person must.').waitFor();
      await answerAs('bob', letters);
      await page.getByRole('heading', { name: 'Approved by two' }).waitFor();
      assert.equal(await stateOf(world, first), 'pending/awaiting_approval');
      const carol = letters.find(({ to }) => to.startsWith('carol@'));
      await openLetter(page, carol?.link ?? '');
      await page.getByText(/It takes effect on .* unless it is called off/).waitFor();
      assert.equal(await page.locator('#approve').isVisible(), false);
      if (calledOff) {
        await page.locator('#code').fill(carol?.rejectCode ?? '');
        await page.getByRole('button', { name: 'Call it off' }).click();
        await page.getByRole('heading', { name: 'Rejected' }).waitFor();
      }
      world.time.advance(3_600_000);
      await expireDue(world, world.time.now());
      assert.equal(await stateOf(world, first), calledOff ? 'rejected/rejected' : 'approved/approved');
    }
    assert.deepEqual(faults, []);
  });
});
