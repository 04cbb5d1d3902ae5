/** The story every engine must tell alike: three agents, one that earns, one that loses, one that breaks. */
import assert from 'node:assert/strict';
import { answerControl } from '../../cli/control.ts';
import type { Json, JsonObject } from '../../shared/domain/agent.ts';
import type { Admin } from '../../shared/ports/admin.ts';
import type { World } from '../../shared/ports/world.ts';

export type Stage = {
  readonly world: World;
  readonly admin: Admin;
  /** Comes back when the queues have come to rest. */
  settle(): Promise<void>;
  /** A request to the public front. */
  fetch(
    path: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<{ status: number; body: string; location: string | null }>;
};

const place = { kind: 'engine', engine: 'test', url: null, mailUrl: null, startedAt: null } as const;

/** One command, as the CLI would ask the engine for it. */
export async function command(stage: Stage, words: string, input: JsonObject = {}): Promise<never> {
  const [noun = '', verb = ''] = words.split(' ');
  const answer = await answerControl(
    { command: [noun, verb], input, actor: 'cli:tester' },
    { world: stage.world, admin: stage.admin, place },
  );
  if ('error' in answer) throw new Error(`${words}: ${answer.error.code}: ${answer.error.message}`);
  return answer.value as never;
}

const outcomes = (...list: JsonObject[]): JsonObject => ({ outcomes: list });

const FLEET: readonly { name: string; schedule?: string; budgetDay?: number; config: JsonObject }[] = [
  {
    name: 'winner',
    schedule: 'cron(0 3 1 1 ? *)',
    config: outcomes({ ok: true, costUsd: '0.10', revenueUsd: '0.50' }),
  },
  { name: 'loser', schedule: 'cron(0 3 1 1 ? *)', config: outcomes({ ok: true, costUsd: '0.10', revenueUsd: '0' }) },
  { name: 'breaker', schedule: 'cron(0 3 1 1 ? *)', config: outcomes({ crash: 'boom' }) },
  // No schedule: what it ran within a day counts, $62.50. A second instance would add as much.
  { name: 'big-winner', budgetDay: 200_000_000, config: outcomes({ ok: true, costUsd: '2.50', revenueUsd: '15' }) },
];

type Shown = { readonly [name: string]: Json };

export type Told = {
  readonly agents: readonly Shown[];
  readonly decisions: readonly Shown[];
  readonly approvals: readonly Shown[];
  readonly mails: readonly { subject: string; text: string }[];
};

/** Deploys, runs 25 times each, and lets autonomy decide once. */
export async function tellStory(stage: Stage): Promise<Told> {
  await command(stage, 'autonomy set', { mode: 'auto' });
  await command(stage, 'budget set', { scope: 'fleet', usd: 500_000_000 });
  for (const member of FLEET) {
    await command(stage, 'agent deploy', { blueprint: 'lab.scripted', department: 'lab', ...member });
  }
  await stage.settle();
  for (const { name } of FLEET) await command(stage, 'run now', { agent: name, times: 25 });
  await stage.settle();
  await command(stage, 'autonomy run');
  await stage.settle();
  return {
    agents: await command(stage, 'agent list'),
    decisions: await command(stage, 'decision list'),
    approvals: await command(stage, 'approval list'),
    mails: (await stage.admin.mails?.list()) ?? [],
  };
}

/** What must be so afterwards, the same on every engine. */
export function checkStory({ agents, decisions, approvals, mails }: Told): void {
  const agent = (id: string): Shown => agents.find((one) => one.id === id) ?? assert.fail(`no agent ${id}`);
  const decision = (id: string): Shown =>
    decisions.find((one) => one.target === id) ?? assert.fail(`no decision about ${id}`);
  const brief = ({ type, status }: Shown): Json[] => [type ?? null, status ?? null];
  assert.deepEqual(brief(decision('winner')), ['scale_up', 'executed']);
  assert.match(String(decision('winner').why), /ROI 400 % over 25 runs/);
  assert.deepEqual(brief(decision('loser')), ['retire', 'executed']);
  assert.match(String(decision('loser').why), /ROI -100 %/);
  assert.deepEqual(brief(decision('breaker')), ['pause', 'executed']);
  assert.match(String(decision('breaker').why), /5 crashes in a row/);
  assert.deepEqual(brief(decision('big-winner')), ['scale_up', 'awaiting_approval']);
  assert.equal(agent('winner').instances, 2);
  assert.equal(agent('loser').status, 'retired');
  assert.deepEqual([agent('breaker').status, agent('breaker').pauseReason], ['paused', 'crash_limit']);
  assert.equal(agent('big-winner').instances, 1);
  assert.equal(approvals.length, 1);
  assert.equal(mails.filter(({ subject }) => /approval is needed/i.test(subject)).length, 1);
}

/** The owner reads the mail: the link with its token, and the two codes. */
export function readMail({ mails }: Told): { id: string; token: string; approve: string; reject: string } {
  const mail = mails.find(({ subject }) => /approval is needed/i.test(subject)) ?? assert.fail('no approval mail');
  const link = /\/a\/([0-9A-Za-z]+)#([\w-]{43})/.exec(mail.text) ?? assert.fail(`no link in: ${mail.text}`);
  const approve = /approve[^0-9]{0,80}(\d{6})/i.exec(mail.text) ?? assert.fail(`no code to approve in: ${mail.text}`);
  const reject = /reject[^0-9]{0,80}(\d{6})/i.exec(mail.text) ?? assert.fail(`no code to reject in: ${mail.text}`);
  return { id: link[1] ?? '', token: link[2] ?? '', approve: approve[1] ?? '', reject: reject[1] ?? '' };
}

/** Looking decides nothing, a wrong code decides nothing, the right one decides once; then the world follows. */
export async function approveStory(stage: Stage, told: Told): Promise<void> {
  const { id, token, approve } = readMail(told);
  const origin = await stage.world.publicUrl();
  const headers = { 'content-type': 'application/json', origin, host: new URL(origin).host };
  for (let look = 0; look < 100; look++) assert.equal((await stage.fetch(`/a/${id}`)).status, 200);
  const post = (path: string, body: JsonObject): ReturnType<Stage['fetch']> =>
    stage.fetch(`/a/${id}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const viewed = await post('view', { token });
  assert.equal(viewed.status, 200, viewed.body);
  const { actionHash } = JSON.parse(viewed.body) as { actionHash: string };
  const wrong = await post('decide', {
    token,
    decision: 'approve',
    actionHash,
    code: approve === '000000' ? '000001' : '000000',
  });
  assert.ok(wrong.status >= 400, `a wrong code answered ${wrong.status}`);
  assert.equal((await decisionAbout(stage, 'big-winner')).status, 'awaiting_approval');
  const decided = await Promise.all(
    Array.from({ length: 5 }, () => post('decide', { token, decision: 'approve', actionHash, code: approve })),
  );
  assert.ok(
    decided.some(({ status }) => status === 303),
    JSON.stringify(decided),
  );
  await stage.settle();
  assert.equal((await decisionAbout(stage, 'big-winner')).status, 'executed');
  const shown: Shown = await command(stage, 'agent show', { id: 'big-winner' });
  assert.equal(shown.instances, 2);
  assert.equal((await stage.world.scheduler.list('winner')).length, 2);
  assert.equal((await stage.world.scheduler.list('loser')).length, 0);
  const audit: Shown = await command(stage, 'audit verify');
  assert.equal(audit.ok ?? audit.valid, true, JSON.stringify(audit));
}

async function decisionAbout(stage: Stage, agentId: string): Promise<Shown> {
  const decisions: readonly Shown[] = await command(stage, 'decision list');
  return decisions.find(({ target }) => target === agentId) ?? assert.fail(`no decision about ${agentId}`);
}
