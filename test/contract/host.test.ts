/** Every host runs a blueprint by the same rules: in process and in a child process the same answers come out. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { childHost } from '../../shared/embedded/child-host.ts';
import type { BlueprintHost } from '../../shared/ports/host.ts';
import { inProcessHost } from '../../shared/runtime/in-process-host.ts';
import { order, owner, scripted } from './host-world.ts';

const children = childHost({ idleChildren: 1 });
after(() => children.close());

const HOSTS: Readonly<Record<string, BlueprintHost>> = { 'in process': inProcessHost(Date), 'in a child': children };

for (const [where, host] of Object.entries(HOSTS)) {
  test(`${where}: a run that spends and earns succeeds, and its owner books each once`, async () => {
    const calls = owner();
    const run = scripted({ ok: true, costUsd: '0.10', revenueUsd: '0.50' });
    const result = await host.execute(run, calls);
    assert.deepEqual(result, { outcome: 'succeeded', note: 'entry 1 of 1' });
    assert.deepEqual(calls.asked, ['mark 100000', 'settle 100000', `earn 500000 ${run.runId}:1`]);
  });

  test(`${where}: the sequence chooses the entry, in a cycle`, async () => {
    const config = { outcomes: [{ ok: true }, { ok: false }, { crash: 'boom' }] };
    const results = await Promise.all(
      [0, 1, 2, 3, 4].map((sequence) => host.execute(order({ config, sequence }), owner())),
    );
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['succeeded', 'failed', 'crashed', 'succeeded', 'failed'],
    );
  });

  test(`${where}: a throw is a crash with its message, and what was spent before stays booked`, async () => {
    const calls = owner();
    const result = await host.execute(scripted({ crash: 'boom', costUsd: '0.10' }), calls);
    assert.deepEqual(result, { outcome: 'crashed', note: 'boom' });
    assert.deepEqual(calls.asked, ['mark 100000', 'settle 100000']);
  });

  test(`${where}: a tool is called by its name, with its arguments, when its owner has marked it`, async () => {
    const calls = owner();
    const entry = { tool: 'lab.search', asks: 'shoes', costUsd: '0.10' };
    assert.equal((await host.execute(scripted(entry), calls)).outcome, 'succeeded');
    assert.deepEqual(calls.asked, ['tool lab.search {"asks":"shoes"} 100000', 'settle 100000']);
  });

  test(`${where}: a tool that its owner refuses is not called, and costs nothing`, async () => {
    const calls = owner();
    const result = await host.execute(scripted({ tool: 'lab.render', costUsd: '0.10', revenueUsd: '1' }), calls);
    assert.deepEqual(result, { outcome: 'crashed', note: '"lab.render" is no tool of this agent' });
    const poor = owner(50_000);
    const broke = await host.execute(scripted({ tool: 'lab.search', costUsd: '0.10', revenueUsd: '1' }), poor);
    assert.deepEqual(broke, { outcome: 'failed', note: 'budget_reached' });
    assert.deepEqual([...calls.asked, ...poor.asked], []);
  });

  test(`${where}: a refused mark ends the run as failed with budget_reached, and the call is not made`, async () => {
    const calls = owner(50_000);
    const result = await host.execute(scripted({ costUsd: '0.10', revenueUsd: '1' }), calls);
    assert.deepEqual(result, { outcome: 'failed', note: 'budget_reached' });
    assert.deepEqual(calls.asked, []);
  });

  test(`${where}: a run that waits for ever is timed out, its marked call stays at its bound`, async () => {
    const calls = owner();
    const entry = { costUsd: '0.10', sleepMs: 800 };
    const result = await host.execute(scripted(entry, { deadline: Date.now() + 150 }), calls);
    assert.equal(result.outcome, 'timed_out');
    assert.deepEqual(calls.asked, ['mark 100000']);
  });

  test(`${where}: an unknown blueprint and a bad config are crashes that say what is wrong`, async () => {
    const unknown = await host.execute(order({ blueprint: 'no.such' }), owner());
    assert.deepEqual([unknown.outcome, unknown.note.startsWith('no blueprint "no.such"')], ['crashed', true]);
    const bad = await host.execute(scripted({ costUsd: '-1' }), owner());
    assert.equal(bad.outcome, 'crashed');
    assert.match(bad.note, /outcomes\[0\]\.costUsd: an amount may not be negative/);
  });

  test(`${where}: pages come through the owner, and a changed state comes back with the result`, async () => {
    const pages = [
      { url: 'https://example.com/a', selector: 'h1' },
      { url: 'https://example.com/forbidden', selector: 'h1' },
    ];
    const calls = owner();
    const run = order({ blueprint: 'web.watch', config: { pages } });
    const first = await host.execute(run, calls);
    assert.equal(first.outcome, 'succeeded');
    assert.match(JSON.stringify(first.state), /page of https:\/\/example\.com\/a/);
    assert.deepEqual(
      calls.asked.filter((line) => line.startsWith('log')),
      ['log first look at https://example.com/a', 'log could not look at https://example.com/forbidden: not allowed'],
    );
    const second = await host.execute({ ...run, state: first.state ?? null }, owner());
    assert.equal('state' in second, false, 'nothing has changed, so there is nothing to write');
  });

  test(`${where}: a question to a model goes to the owner, who has the key, and its answer comes back`, async () => {
    const pages = [{ url: 'https://example.com/a', selector: 'h1', name: 'a' }];
    const state = { v: 1, pages: { 'h1 @ https://example.com/a': { hash: 'old', texts: ['was'] } } };
    const calls = owner();
    const run = order({ blueprint: 'web.watch', config: { pages, summary: {} }, state });
    const { outcome, note } = await host.execute(run, calls);
    assert.deepEqual([outcome, note], ['succeeded', '1 of 1 pages changed: hello']);
    assert.deepEqual(
      calls.asked.filter((line) => line.startsWith('llm')),
      ['llm claude-haiku-4-5 page: a\n+ page of https://example.com/a\n- was'],
    );
  });
}
