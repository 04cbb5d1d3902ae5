/** The rules at work: what they stop between a decision and its execution, in a pass, at the gate and on the command line. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerControl } from '../../cli/control.ts';
import type { Verdict } from '../../shared/domain/decision.ts';
import type { Role } from '../../shared/domain/operator.ts';
import { type PolicyVerdict, troubled } from '../../shared/domain/policy-question.ts';
import { DEFAULT_RULES } from '../../shared/domain/policy-rules.ts';
import { evaluateAgents } from '../../shared/jobs/evaluate-agents.ts';
import { executeDecision } from '../../shared/jobs/execute-decision.ts';
import { openPolicy } from '../../shared/policy/open-policy.ts';
import { serverPolicy } from '../../shared/policy/server-policy.ts';
import type { PolicyEngine } from '../../shared/ports/policy.ts';
import { getAgent } from '../../shared/store/agent-store.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { getApproval } from '../../shared/store/approval-store.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { judged } from '../../shared/store/authorize.ts';
import { createDecision, getDecision } from '../../shared/store/decision-store.ts';
import { policyKey, rulesKey } from '../../shared/store/keys.ts';
import { addOperator, changeOperator, removeOperator } from '../../shared/store/operator-store.ts';
import { type ApprovalWorld, approvalWorld, ask, SCALE_UP } from '../fixtures/approval-world.ts';
import { type CliWorld, cliWorld, nova } from '../fixtures/cli-world.ts';
import { deployed, type FleetWorld, fleetWorld, hasRun, OPERATOR, setPolicy } from '../fixtures/fleet-world.ts';

const SMALL: Verdict = {
  ...SCALE_UP,
  needsApproval: false,
  costImpactMicrosPerDay: 30_000_000,
  action: { kind: 'scale_up', agentId: 'shop', fromInstances: 1, toInstances: 2 },
};

async function autoWorld(): Promise<FleetWorld> {
  const world = fleetWorld();
  await deployed(world);
  await setPolicy(world, { mode: 'auto' });
  return world;
}

async function approvedAlone(world: FleetWorld, verdict: Verdict = SMALL) {
  const order = { verdict, status: 'approved', rule: 'threshold@1', actor: 'system:evaluate-agents' } as const;
  const decision = await createDecision(world, order);
  assert.ok(decision);
  return decision;
}

const endOf = async (world: FleetWorld, id: string): Promise<string> => {
  const decision = await getDecision(world.table, id);
  return `${decision?.status}: ${decision?.outcome}`;
};

/** Rules that answer as they are told. */
function saying(verdict: () => Partial<PolicyVerdict>): PolicyEngine {
  return {
    name: 'told',
    evaluate: async (_, { settings: { version } }) => ({
      ...{ effect: 'allow', reasons: ['told so'], version, rules: 'told', trouble: false },
      ...verdict(),
    }),
  };
}

const instancesOf = async (world: FleetWorld) => (await getAgent(world.table, 'shop'))?.instances;

describe('between a decision and its execution (A22)', () => {
  test('what was small is not executed when the limit has been lowered meanwhile', async () => {
    const world = await autoWorld();
    const { id } = await approvedAlone(world);
    await setPolicy(world, { approvalImpactMicros: 20_000_000 });
    await executeDecision({ decisionId: id }, world);
    assert.match(await endOf(world, id), /^failed: its daily cost is above the limit/);
    assert.equal(await instancesOf(world), 1);
  });

  test('what the rules deny now is not executed, although a person has approved it', async () => {
    const world = await autoWorld();
    const order = { verdict: SCALE_UP, status: 'awaiting_approval', rule: 'r@1', actor: 'system:x' } as const;
    const decision = await createDecision(world, order);
    const approvalId = decision?.approvalId ?? '';
    const proof = { kind: 'identity', actor: OPERATOR } as const;
    await decideApproval(world, { approvalId, answer: 'approve', proof });
    const denying = { ...world, policy: saying(() => ({ effect: 'deny', reasons: ['a freeze'] })) };
    await executeDecision({ decisionId: decision?.id ?? '' }, denying);
    assert.match(await endOf(world, decision?.id ?? ''), /^failed: a freeze/);
  });

  test('rules that ask, or stop, are no licence either', async () => {
    for (const effect of ['ask', 'escalate'] as const) {
      const world = await autoWorld();
      const { id } = await approvedAlone(world);
      await executeDecision({ decisionId: id }, { ...world, policy: saying(() => ({ effect })) });
      assert.match(await endOf(world, id), /^failed: told so: it needs an approval/);
    }
  });

  test('a server that is down executes nothing and loses nothing: the decision waits, and is done later', async () => {
    const world = await autoWorld();
    const { id } = await approvedAlone(world);
    const down = { ...world, policy: serverPolicy({ url: 'http://127.0.0.1:1' }) };
    await assert.rejects(executeDecision({ decisionId: id }, down), { code: 'unavailable' });
    assert.match(await endOf(world, id), /^executing/);
    assert.equal(await instancesOf(world), 1);
    await executeDecision({ decisionId: id }, world);
    assert.match(await endOf(world, id), /^executed/);
    assert.equal(await instancesOf(world), 2);
  });
});

describe('an answer', () => {
  const proofOf = async (world: ApprovalWorld) => {
    const { approvalId, token, approveCode, rejectCode } = await ask(world);
    const actionHash = (await getApproval(world.table, approvalId))?.actionHash ?? '';
    const by = (code: string) => ({ kind: 'link', token, code, actionHash }) as const;
    return { approvalId, yes: by(approveCode), no: by(rejectCode) };
  };

  test('a yes that the rules deny is not taken, whether by mail or by login; a no always is', async () => {
    const world = approvalWorld();
    const { approvalId, yes, no } = await proofOf(world);
    const freeze = { ...world, policy: saying(() => ({ effect: 'deny', reasons: ['a freeze'] })) };
    for (const proof of [yes, { kind: 'identity', actor: 'cli:alice' } as const]) {
      const result = await decideApproval(freeze, { approvalId, answer: 'approve', proof });
      assert.deepEqual(result, { kind: 'refused', why: 'policy' });
    }
    assert.equal((await getApproval(world.table, approvalId))?.status, 'pending');
    const refused = await decideApproval(freeze, { approvalId, answer: 'reject', proof: no });
    assert.equal(refused.kind, 'recorded');
  });

  test('while the rules cannot be asked nobody says yes, and the request waits for them', async () => {
    const world = approvalWorld();
    const { approvalId, yes } = await proofOf(world);
    const down = { ...world, policy: serverPolicy({ url: 'http://127.0.0.1:1' }) };
    await assert.rejects(decideApproval(down, { approvalId, answer: 'approve', proof: yes }), { code: 'unavailable' });
    assert.equal((await getApproval(world.table, approvalId))?.status, 'pending');
    assert.equal((await decideApproval(world, { approvalId, answer: 'approve', proof: yes })).kind, 'recorded');
  });
});

describe('in a pass', () => {
  const winner = { runs: 50, succeeded: 50, costMicros: 5_000_000, revenueMicros: 25_000_000 };
  async function judgedWorld(policy?: PolicyEngine) {
    const base = await autoWorld();
    await hasRun(base, 'shop', winner);
    const world = policy ? { ...base, policy } : base;
    const report = await evaluateAgents(world, { dryRun: false, actor: OPERATOR });
    return { world: base, report };
  }

  test('what is small is decided, and the trail names the rules and the version that allowed it', async () => {
    const { world, report } = await judgedWorld();
    assert.deepEqual(
      report.decisions.map(({ type, status }) => `${type} ${status}`),
      ['scale_up approved'],
    );
    const [first] = await auditChain(world.table, `decision:${report.decisions[0]?.id}`);
    const details = (JSON.parse(first?.bytes ?? '{}') as { details: Record<string, unknown> }).details;
    assert.deepEqual([details.policyEffect, details.policyReason], ['allow', 'small and safe']);
    assert.equal(details.policyVersion, '1.0');
    assert.match(String(details.policyRules), /^[0-9a-f]{64}$/);
  });

  test('rules that ask turn what would be done into a request', async () => {
    const { report } = await judgedWorld(saying(() => ({ effect: 'ask' })));
    assert.deepEqual(
      report.decisions.map(({ status, needsApproval }) => `${status} ${needsApproval}`),
      ['awaiting_approval true'],
    );
  });

  test('rules that deny, or cannot be asked, decide nothing and say why', async () => {
    const engines = [
      saying(() => ({ effect: 'deny', reasons: ['a freeze'] })),
      saying(() => troubled('no answer', 'server', '1.0')),
      serverPolicy({ url: 'http://127.0.0.1:1' }),
    ];
    for (const engine of engines) {
      const { report, world } = await judgedWorld(engine);
      assert.deepEqual(report.decisions, []);
      assert.match(
        report.errors.map(({ why }) => why).join(),
        /^not decided: (a freeze|the policy could not be asked)/,
      );
      assert.equal(await instancesOf(world), 1);
    }
  });

  test('rules can be stricter than the verdict of the engine, never laxer', async () => {
    const world = await autoWorld();
    const dear = { ...SCALE_UP, action: SMALL.action };
    const { id } = await approvedAlone(world, { ...dear, needsApproval: true });
    await executeDecision({ decisionId: id }, { ...world, policy: saying(() => ({ effect: 'allow' })) });
    assert.match(await endOf(world, id), /^failed: it needs an approval and has none/);
  });
});

describe('an item that cannot be read (P10)', () => {
  const BROKEN = [
    ['the numbers', { ...policyKey, v: 1, mode: 'everything', version: 1 }, /mode is off, advise, approve, auto/],
    ['the lists', { ...rulesKey, v: 1, version: 1, operationMicros: -1 }, /the rules cannot be read: operationMicros/],
  ] as const;
  for (const [name, item, says] of BROKEN) {
    test(`${name}: nothing is decided or executed, and what runs goes on`, async () => {
      const world = await autoWorld();
      const { id } = await approvedAlone(world);
      await world.memory.write({ op: 'put', item });
      const resource = { kind: 'agent', id: 'shop' };
      const { effect, trouble, reasons } = await judged(world, { actor: OPERATOR, action: 'agent:list', resource });
      assert.deepEqual([effect, trouble], ['deny', true]);
      assert.match(reasons.join(), says);
      await assert.rejects(executeDecision({ decisionId: id }, world), says);
      await evaluateAgents(world, { dryRun: false, actor: OPERATOR }).catch(() => undefined);
      const agent = await getAgent(world.table, 'shop');
      assert.deepEqual([agent?.status, agent?.instances], ['active', 1]);
      assert.match(await endOf(world, id), /^(executing|approved)/);
    });
  }
});

describe('on the command line', () => {
  const DEPLOY = ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', '{"outcomes":[{"ok":true}]}'];
  async function asRole(roles: readonly Role[]): Promise<CliWorld> {
    const cli = cliWorld();
    assert.equal((await nova(cli, DEPLOY)).code, 0);
    const draft = { id: 'bob', name: 'Bob', email: 'bob@example.com', roles, logins: ['cli:alice'] };
    await addOperator(cli.world, { ...draft, logins: ['cli:bob'] }, 'cli:alice');
    await addOperator(
      cli.world,
      { ...draft, id: 'root', email: 'r@example.com', roles: ['admin', 'approver'], logins: [] },
      'x:y',
    );
    const owner = { roles, logins: ['cli:alice'] };
    await changeOperator(cli.world, 'owner', owner, { actor: 'cli:alice' });
    return cli;
  }

  test('a viewer looks and changes nothing', async () => {
    const cli = await asRole(['viewer']);
    assert.equal((await nova(cli, ['agent', 'list'])).code, 0);
    for (const words of [
      ['agent', 'pause', 'shop'],
      ['autonomy', 'set', 'auto'],
      ['secret', 'set', 'stripe-api-key'],
      DEPLOY,
    ]) {
      const { code, err } = await nova(cli, words, { stdin: 'x' });
      assert.equal(code, 4, `${words.join(' ')}: ${err}`);
      assert.match(err, /cli:alice may not .*: denied by default \(policy 0\.0\)/);
    }
  });

  test('an operator runs the fleet, and neither its rules nor its money', async () => {
    const cli = await asRole(['operator']);
    assert.equal((await nova(cli, ['agent', 'pause', 'shop'])).code, 0);
    for (const words of [
      ['autonomy', 'set', 'auto'],
      ['budget', 'set', 'fleet', '500'],
    ])
      assert.match((await nova(cli, words)).err, /may not/);
  });

  test('a role that is taken away is gone with the next command, in the engine as well', async () => {
    const cli = await asRole(['admin']);
    const pause = { command: ['agent', 'pause'], input: { id: 'shop', all: false }, actor: 'cli:alice' };
    assert.ok('value' in (await answerControl(pause, cli)));
    await changeOperator(cli.world, 'owner', { roles: ['viewer'] }, { actor: 'cli:root' });
    const answer = await answerControl({ ...pause, command: ['agent', 'resume'] }, cli);
    assert.ok('error' in answer && answer.error.code === 'denied', JSON.stringify(answer));
    await removeOperator(cli.world, 'bob', 'cli:root');
    const gone = await answerControl({ ...pause, command: ['agent', 'list'], input: {}, actor: 'cli:bob' }, cli);
    assert.ok('error' in gone && gone.error.code === 'denied', JSON.stringify(gone));
  });

  test('while the rules cannot be asked, who is here may look and stop, and no more', async () => {
    const cli = cliWorld();
    await nova(cli, DEPLOY);
    const dark = { ...cli, world: { ...cli.world, policy: openPolicy(cli.world.time, 'http://127.0.0.1:1') } };
    const ask = (noun: string, verb: string, input: object) =>
      answerControl({ command: [noun, verb], input, actor: 'cli:alice' }, dark);
    assert.ok('value' in (await ask('agent', 'list', {})));
    assert.ok('value' in (await ask('agent', 'pause', { id: 'shop', all: false })));
    const resumed = await ask('agent', 'resume', { id: 'shop', all: false });
    assert.ok(
      'error' in resumed && /the policy could not be asked/.test(resumed.error.message),
      JSON.stringify(resumed),
    );
  });

  test('a deployment that the rules ask for waits, and one that they deny leaves no trace', async () => {
    const gate = [...DEPLOY, '--expected-roi', '400'];
    const asked = cliWorld();
    const asking = saying(() => ({ effect: 'ask' }));
    const atGate: PolicyEngine = {
      name: 'gate',
      evaluate: (question, basis) =>
        question.action === 'decision:make'
          ? asking.evaluate(question, basis)
          : asked.world.policy.evaluate(question, basis),
    };
    await nova({ ...asked, world: { ...asked.world, policy: atGate } }, gate);
    assert.equal((await getAgent(asked.world.table, 'shop'))?.status, 'draft');
    const denied = cliWorld();
    const denying: PolicyEngine = {
      name: 'gate',
      evaluate: async (question, basis) => {
        const verdict = await denied.world.policy.evaluate(question, basis);
        return question.action === 'decision:make' ? { ...verdict, effect: 'deny', reasons: ['a freeze'] } : verdict;
      },
    };
    const said = await nova({ ...denied, world: { ...denied.world, policy: denying } }, gate);
    assert.match(said.err, /not deployed: a freeze/);
    assert.equal(await getAgent(denied.world.table, 'shop'), null);
  });
});

test('the defaults allow what they always did', () => {
  const { operationMicros, recurringMicros, escalateMicros } = DEFAULT_RULES;
  assert.deepEqual([operationMicros, recurringMicros, escalateMicros], [5_000_000, 10_000_000, 10_000_000]);
});
