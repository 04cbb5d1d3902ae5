/** The approval page in a real browser: robots decide nothing, a person with the mail decides once. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { getApproval } from '../../shared/store/approval-store.ts';
import { type ApprovalServer, approvalServer } from '../fixtures/approval-server.ts';
import { ask, attemptsOf, executions, type Letter, SCALE_UP, stateOf, wrongCode } from '../fixtures/approval-world.ts';
import { openBrowser, type Visit, visitIn } from '../fixtures/browser.ts';

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

const visit = (t: TestContext, act: Visit) => visitIn(browser, t, act);

let asked = 0;
const fresh = (): Promise<Letter> =>
  ask(server.world, {
    ...SCALE_UP,
    action: { kind: 'scale_up', agentId: `shop-${++asked}`, fromInstances: 2, toInstances: 4 },
  });

async function openLetter(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.locator('#request').waitFor({ state: 'visible' });
}

test('opening the link a hundred times, with scripts running, decides nothing (A1, A2)', async (t) => {
  const letter = await fresh();
  await visit(t, async (page, faults) => {
    const [url = ''] = letter.link.split('#');
    for (let i = 0; i < 90; i++)
      assert.equal((await fetch(url, { headers: { 'user-agent': 'SafeLinks' } })).status, 200);
    for (let i = 0; i < 10; i++) await openLetter(page, letter.link.replace('#', `?visit=${i}#`));
    assert.equal(await stateOf(server.world, letter), 'pending/awaiting_approval');
    assert.equal(await attemptsOf(server.world, letter), 0);
    assert.deepEqual(faults, []);
  });
});

test('a robot that presses every button and submits every form decides nothing (A3)', async (t) => {
  const letter = await fresh();
  await visit(t, async (page) => {
    await openLetter(page, letter.link);
    const robot = async (): Promise<void> => {
      for (const button of await page.locator('button:visible').all())
        await button.click({ timeout: 200 }).catch(() => {});
      await page.evaluate('document.querySelectorAll("form:not([hidden])").forEach((form) => form.requestSubmit())');
    };
    await robot();
    assert.equal(await attemptsOf(server.world, letter), 0, 'without a code nothing is even sent');
    for (let i = 0; i < 6; i++) {
      await page
        .locator('#code')
        .fill(wrongCode(letter), { timeout: 200 })
        .catch(() => {});
      await robot();
      await page.waitForTimeout(50);
    }
    assert.equal(await stateOf(server.world, letter), 'pending/awaiting_approval');
    assert.equal(await attemptsOf(server.world, letter), 5);
    const notices = server.world.sent.filter(
      (message) => message.kind === 'notify' && message.dedupKey.endsWith(letter.approvalId),
    );
    assert.equal(notices.length, 1);
  });
});

test('a person who says why not has it on record, on a phone, and the page shows no wider for it', async (t) => {
  const letter = await fresh();
  await visit(t, async (page, faults) => {
    await openLetter(page, letter.link);
    await page.locator('#code').fill(letter.rejectCode);
    await page.locator('#reason').fill('Wait for <b>Monday</b>');
    assert.ok(((await page.evaluate('document.documentElement.scrollWidth')) as number) <= 390);
    await page.locator('#reject').click();
    await page.getByRole('heading', { name: 'Rejected' }).waitFor();
    assert.deepEqual(faults, []);
  });
  assert.equal((await getApproval(server.world.table, letter.approvalId))?.reason, 'Wait for <b>Monday</b>');
});

test('a person who types the code of the mail approves, once, and leaves no token behind', async (t) => {
  const letter = await fresh();
  await visit(t, async (page, faults, context) => {
    const before = executions(server.world);
    await openLetter(page, letter.link);
    assert.equal(page.url(), letter.link.split('#')[0], 'the token has left the address bar');
    assert.equal(await page.locator('h1:visible').textContent(), 'Scale shop-4 up from 2 to 4 instances?');
    await page.locator('#code').fill(letter.rejectCode);
    await page.locator('#approve').click();
    await page.getByText('4 tries are left').waitFor();
    await page.locator('#code').fill(`${letter.approveCode.slice(0, 3)} ${letter.approveCode.slice(3)}`);
    await page.locator('#approve').dblclick();
    await page.waitForURL('**/done');
    assert.equal(await page.locator('h1:visible').textContent(), 'Approved');
    assert.equal(await stateOf(server.world, letter), 'approved/approved');
    assert.equal(executions(server.world) - before, 1);
    assert.deepEqual(await context.cookies(), []);
    assert.equal(await page.evaluate('localStorage.length + sessionStorage.length'), 0);
    assert.deepEqual(faults, []);
    const leaks = server.seen.filter(({ url, referer }) => url.includes(letter.token) || referer !== '');
    assert.deepEqual(leaks, []);
    await page.goto('about:blank');
    await page.goto(letter.link);
    await page.getByText('Approved by whoever held the link').waitFor();
  });
});

test('pressing Enter in the code field chooses nothing; Reject with its code rejects', async (t) => {
  const letter = await fresh();
  await visit(t, async (page) => {
    await openLetter(page, letter.link);
    await page.locator('#code').fill(letter.rejectCode);
    await page.locator('#code').press('Enter');
    await page.getByText('Choose Approve or Reject').waitFor();
    assert.equal(await attemptsOf(server.world, letter), 0);
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.waitForURL('**/done');
    assert.equal(await stateOf(server.world, letter), 'rejected/rejected');
  });
});

test('a link that lost its secret part, or was mangled on the way, works with the paste box (A5)', async (t) => {
  const letter = await fresh();
  await visit(t, async (page, faults) => {
    await page.goto(letter.link.replace(/#.*/, ''));
    await page.getByLabel('The whole link from the mail').fill('something else');
    await page.getByRole('button', { name: 'Show the request' }).click();
    await page.getByText('That is not the whole link').waitFor();
    await page.getByLabel('The whole link from the mail').fill(` ${letter.link}\n`);
    await page.getByRole('button', { name: 'Show the request' }).click();
    await page.locator('#request').waitFor({ state: 'visible' });
    for (const hash of ['%23', '%2523']) {
      await page.goto('about:blank');
      await openLetter(page, letter.link.replace('#', hash));
      assert.equal(page.url(), letter.link.split('#')[0]);
    }
    assert.deepEqual(faults, []);
  });
});

test('what an agent wrote stays text on the page (A31), and the page cannot be framed (A28)', async (t) => {
  const letter = await fresh();
  const agentText = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  const key = { pk: `APPROVAL#${letter.approvalId}`, sk: 'A' };
  await server.world.table.write({ op: 'update', key, set: { agentText } });
  await visit(t, async (page) => {
    await openLetter(page, letter.link);
    assert.equal(await page.locator('#words').textContent(), agentText);
    assert.equal(await page.locator('img').count(), 0);
    assert.match(await page.title(), /^Approval/);
    const [url = ''] = letter.link.split('#');
    await page.goto('about:blank');
    await page.setContent(`<iframe src="${url}" width="300" height="300"></iframe>`);
    await page.waitForTimeout(300);
    const frame = page.frames()[1];
    assert.equal((await frame?.content().catch(() => ''))?.includes('NovaOS') ?? false, false);
  });
});

test('two tabs with opposite answers: one is recorded, the other learns what stands', async (t) => {
  const letter = await fresh();
  await visit(t, async (page, _faults, context) => {
    const second = await context.newPage();
    await openLetter(page, letter.link);
    await openLetter(second, letter.link);
    await page.locator('#code').fill(letter.rejectCode);
    await page.locator('#reject').click();
    await page.waitForURL('**/done');
    await second.locator('#code').fill(letter.approveCode);
    await second.locator('#approve').click();
    await second.getByText('This was rejected before; that stands.').waitFor();
    assert.equal((await getApproval(server.world.table, letter.approvalId))?.status, 'rejected');
  });
});
