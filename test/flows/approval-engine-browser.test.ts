/** The whole way on a real engine: invited, made, asked, approved with a passkey, and done. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { answerControl } from '../../cli/control.ts';
import { type Engine, startEngine } from '../../infra/local/engine.ts';
import { createDecision, getDecision } from '../../shared/store/decision-store.ts';
import { SCALE_UP } from '../fixtures/approval-world.ts';
import { NO_BROWSER, openBrowser, visitIn } from '../fixtures/browser.ts';
import { temporaryHome } from './engine-stage.ts';

const home = temporaryHome();
let browser: Browser | undefined;
let engine: Engine;
before(async () => {
  browser = await openBrowser();
  engine = await startEngine({ home: home.path, port: 0, version: 'test', control: answerControl });
});
after(async () => {
  await browser?.close();
  await engine.stop();
  home.remove();
});

async function command(words: readonly [string, string], input: object): Promise<unknown> {
  const { world, admin, place } = engine;
  const answer = await answerControl({ command: words, input, actor: 'cli:me' }, { world, admin, place });
  if ('error' in answer) throw new Error(answer.error.message);
  return answer.value;
}

/** The text of the newest mail with such a subject, as soon as it is there. */
async function mailAbout(subject: RegExp): Promise<string> {
  for (let tries = 0; tries < 200; tries++, await sleep(25)) {
    const mail = (await engine.admin.mails?.list())?.findLast((one) => subject.test(one.subject));
    if (mail) return (await engine.admin.mails?.show(mail.id))?.text ?? '';
  }
  throw new Error(`no mail about ${subject}`);
}

async function makeKey(page: Page): Promise<void> {
  const invited = await command(['operator', 'passkey'], { act: 'add', id: 'owner', label: 'phone' });
  const { code } = (invited as { invitation: { code: string } }).invitation;
  const link = /http:\/\/localhost:\d+\/a\/\w{26}\/passkey#\S{43}/.exec(await mailAbout(/passkey/))?.[0] ?? '';
  await page.goto(link);
  await page.getByLabel('Code from the terminal').fill(code);
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await page.getByRole('heading', { name: 'Your passkey is ready' }).waitFor();
}

test('on an engine of this machine a passkey is made and approves, and what was approved is done', async (t) => {
  if (!browser) return t.skip(NO_BROWSER);
  const script = { outcomes: [{ ok: true, costUsd: '0.10', revenueUsd: '0.50' }] };
  await command(['agent', 'deploy'], { blueprint: 'lab.scripted', name: 'shop', config: script, instances: 1 });
  await command(['autonomy', 'set'], { mode: 'approve' });
  await visitIn(browser, t, async (page, faults) => {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const options = {
      ...({ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const),
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    };
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
    await makeKey(page);
    const decision = await createDecision(engine.world, {
      verdict: {
        ...SCALE_UP,
        action: { kind: 'scale_up', agentId: 'shop', fromInstances: 1, toInstances: 2 },
        costImpactMicrosPerDay: 300_000_000,
      },
      ...{ status: 'awaiting_approval', rule: 'threshold@1', actor: 'system:evaluate-agents' },
    });
    const link = /http:\/\/localhost:\d+\/a\/\w{26}#\S{43}/.exec(await mailAbout(/approval is needed/))?.[0] ?? '';
    await page.goto('about:blank');
    await page.goto(link);
    await page.getByRole('button', { name: 'Approve with passkey' }).click();
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
    const done = async () => (await getDecision(engine.world.table, decision?.id ?? ''))?.status;
    for (let tries = 0; (await done()) !== 'executed' && tries < 200; tries++) await sleep(25);
    assert.equal(await done(), 'executed');
    const shown = await command(['agent', 'show'], { id: 'shop' });
    assert.equal((shown as { instances: number }).instances, 2);
    assert.equal(((await command(['audit', 'verify'], {})) as { valid: boolean }).valid, true);
    const [key] = (
      (await command(['operator', 'show'], { id: 'owner' })) as { passkeys: { rpId: string; lastUsedAt: string }[] }
    ).passkeys;
    assert.equal(key?.rpId, 'localhost');
    assert.ok(key?.lastUsedAt);
    assert.deepEqual(faults, []);
  });
});
