/** A no and its reason reach the next run of the agent, once, whatever crashes and however often it is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { job as approvalJob } from '../../functions/web/approval.ts';
import type { Rejection } from '../../shared/domain/ctx.ts';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { tellAgent } from '../../shared/jobs/tell-agent.ts';
import type { RunOrder } from '../../shared/ports/host.ts';
import { agentBrief, getAgent } from '../../shared/store/agent-store.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { createDecision, getDecision } from '../../shared/store/decision-store.ts';
import { CtxStart } from '../../shared/wire/ctx.ts';
import { letterFrom, SCALE_UP } from '../fixtures/approval-world.ts';
import { type CliWorld, cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';

const CONFIG = ['--config', '{"outcomes":[{"ok":true,"costUsd":"0.10"}]}'];

async function asked(cli: CliWorld): Promise<{ id: string; approvalId: string }> {
  const action = { kind: 'scale_up', agentId: 'ada', fromInstances: 1, toInstances: 2 } as const;
  const order = {
    verdict: { ...SCALE_UP, action },
    status: 'awaiting_approval',
    rule: 't@1',
    actor: 'system:t',
  } as const;
  const decision = await createDecision(cli.world, order);
  await workAll(cli);
  return { id: decision?.id ?? '', approvalId: decision?.approvalId ?? assert.fail('nothing was asked') };
}

/** What the next run is ordered to do. */
async function nextOrder(cli: CliWorld): Promise<RunOrder> {
  const seen: RunOrder[] = [];
  const host = {
    execute: async (order: RunOrder) => {
      seen.push(order);
      return { outcome: 'succeeded', note: '' } as const;
    },
  };
  cli.world.time.advance(31_000);
  const scheduledFor = new Date(cli.world.time.now()).toISOString();
  const call = { invocationId: `h${cli.world.time.now()}`, deadline: Number.MAX_SAFE_INTEGER, receiveCount: 1 };
  await runAgentJob.run(
    { v: 1, kind: 'tick', agentId: 'ada', instance: 0, scheduledFor },
    { ...cli.world, host },
    call,
  );
  return seen[0] ?? assert.fail('it did not run');
}

test('the reason of a no is in the next run, in the decision and in the trail, clean', async () => {
  const cli = cliWorld();
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'ada', ...CONFIG]);
  await workAll(cli);
  assert.equal((await nextOrder(cli)).rejections, undefined);
  const { id, approvalId } = await asked(cli);
  const why = `not before\u202e the refunds\nare through ${'x'.repeat(600)}`;
  assert.equal((await nova(cli, ['approval', 'reject', approvalId, '--why', why])).code, 0);
  const version = (await getAgent(cli.world.table, 'ada'))?.version;
  await workAll(cli);
  for (let n = 0; n < 3; n++) await tellAgent({ approvalId }, cli.world);
  const order = await nextOrder(cli);
  const [rejection, ...more] = order.rejections ?? [];
  assert.equal(more.length, 0, 'once');
  assert.match(rejection?.title ?? '', /^Scale ada up/);
  assert.match(rejection?.reason ?? '', /^not before the refunds are through x+…$/);
  assert.ok((rejection?.reason.length ?? 0) <= 300);
  assert.equal(CtxStart.safeParse({ v: 1, kind: 'start', order }).success, true, 'it travels to a child as well');
  assert.match((await getDecision(cli.world.table, id))?.outcome ?? '', /^rejected by cli:alice: not before/);
  assert.equal((await getAgent(cli.world.table, 'ada'))?.version, version, 'desired state is as it was');
});

test('the reason typed on the page, with and without scripts, is in the next run as well', async () => {
  const cli = cliWorld();
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'ada', ...CONFIG]);
  await workAll(cli);
  const call = { invocationId: 'page', deadline: Number.MAX_SAFE_INTEGER, receiveCount: 1 };
  const send = async (path: string, type: string, text: string) => {
    const headers = { 'content-type': type, origin: new URL(await cli.world.publicUrl()).origin };
    const request = { method: 'POST', path, headers, body: new TextEncoder().encode(text), sourceIp: '203.0.113.7' };
    return approvalJob.run(request, cli.world, call);
  };
  const letterOf = async () => {
    const { id } = await asked(cli);
    const letter = letterFrom(cli.mails.at(-1), id);
    const { approvalId, link, token, rejectCode: code } = letter;
    const actionHash = (await getApproval(cli.world.table, approvalId))?.actionHash ?? '';
    return { approvalId, link, fields: { token, actionHash, code, decision: 'reject' } };
  };
  const json = 'application/json';
  const first = await letterOf();
  const path = `/a/${first.approvalId}/decide`;
  const tooLong = JSON.stringify({ ...first.fields, reason: 'x'.repeat(301) });
  assert.equal((await send(path, json, tooLong)).status, 400, 'and no try of the code is used up');
  assert.equal((await getApproval(cli.world.table, first.approvalId))?.attempts, 0);
  const reason = '</script>not\nbefore\u202e Monday';
  assert.equal((await send(path, json, JSON.stringify({ ...first.fields, reason }))).status, 303);
  await workAll(cli);

  const second = await letterOf();
  const { token: _, ...plain } = second.fields;
  const form = { ...plain, link: second.link, reason: `too\r\ndear ${'é'.repeat(400)}` };
  const typed = new URLSearchParams(form).toString();
  const answer = await send('/a/plain', 'application/x-www-form-urlencoded', typed);
  assert.match(answer.body, /Recorded: rejected/);
  await workAll(cli);
  const reasons = (await nextOrder(cli)).rejections?.map((one) => one.reason) ?? [];
  assert.equal(reasons[0], '</script>not before Monday');
  assert.match(reasons[1] ?? '', /^too dear é+$/);
  assert.equal(reasons[1]?.length, 300);
});

test('the last five are kept, and a yes tells nothing', async () => {
  const cli = cliWorld();
  await novaJson(cli, ['agent', 'deploy', 'lab.scripted', '--name', 'ada', ...CONFIG]);
  await workAll(cli);
  for (let n = 1; n <= 7; n++) {
    const { approvalId } = await asked(cli);
    await novaJson(cli, ['approval', 'reject', approvalId, '--why', `no ${n}`]);
    await workAll(cli);
  }
  const { approvalId } = await asked(cli);
  await novaJson(cli, ['approval', 'approve', approvalId]);
  await workAll(cli);
  cli.world.time.advance(31_000);
  const { rejections } = await agentBrief(cli.world, 'ada');
  assert.deepEqual(
    rejections.map(({ reason }: Rejection) => reason),
    ['no 3', 'no 4', 'no 5', 'no 6', 'no 7'],
  );
});
