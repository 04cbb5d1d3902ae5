/** `nova policy`: what is shown, judged and asked for, and that a change holds only once somebody else has approved it. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { answerControl } from '../../cli/control.ts';
import { wasmOfBundle } from '../../cli/policy-compile.ts';
import { policyChangeVerdict, readRulesChange } from '../../shared/domain/policy-change.ts';
import { DEFAULT_RULES, type PolicyRules, type RulesChange, rulesProblems } from '../../shared/domain/policy-rules.ts';
import { executeDecision } from '../../shared/jobs/execute-decision.ts';
import { serverPolicy } from '../../shared/policy/server-policy.ts';
import { PINNED_RULES } from '../../shared/policy/wasm-policy.ts';
import type { Table } from '../../shared/ports/table.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { getDecision } from '../../shared/store/decision-store.ts';
import { turnHalt } from '../../shared/store/halt-store.ts';
import { ownRulesKey } from '../../shared/store/keys.ts';
import { addOperator } from '../../shared/store/operator-store.ts';
import { requestPolicyChange } from '../../shared/store/policy-request.ts';
import { currentRules, rulesChangeOps, rulesOfVersion } from '../../shared/store/rules-store.ts';
import { cliWorld, nova, novaJson, workAll } from '../fixtures/cli-world.ts';
import { Crash, crashingTable, type FleetWorld, fleetWorld } from '../fixtures/fleet-world.ts';
import { type Asked, applied, asBob, twoPeople } from '../fixtures/two-people.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-policy-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const POLICIES = join(import.meta.dirname, '../../policies');
const WASM = join(POLICIES, 'authz.wasm');

let files = 0;
function settingsFile(content: unknown): string {
  const path = join(folder, `settings-${++files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('a change of the settings', () => {
  test('waits for somebody else, then holds, is a version of its own and is in the trail', async () => {
    const cli = await twoPeople();
    const asked = await applied(cli, settingsFile({ operationMicros: 7_000_000, categories: { alone: ['tests'] } }));
    assert.equal(asked.changes.oneOperationAbove, '$5.00 → $7.00');
    assert.match(String(asked.changes.categoriesAlone), /^−performance −bug_fix/);
    await workAll(cli);
    assert.equal((await currentRules(cli.world.table)).version, 0, 'it holds before anybody has approved it');

    const own = await nova(cli, ['approval', 'approve', asked.approvalId]);
    assert.equal(own.code, 4);
    assert.match(own.err, /was asked for by you: another person must approve it/);
    assert.ok('value' in (await asBob(cli, 'approve', asked.approvalId)));
    await workAll(cli);

    const rules = await currentRules(cli.world.table);
    assert.deepEqual(
      [rules.version, rules.operationMicros, rules.categories.alone, rules.categories.ask],
      [1, 7_000_000, ['tests'], DEFAULT_RULES.categories.ask],
    );
    assert.deepEqual(await rulesOfVersion(cli.world.table, 1), rules);
    assert.deepEqual(await rulesOfVersion(cli.world.table, 0), DEFAULT_RULES);
    assert.equal(await rulesOfVersion(cli.world.table, 2), null);
    const trail = (await auditChain(cli.world.table, 'policy:rules')).map(({ bytes }) => bytes).join();
    assert.match(trail, /rules\.changed.*"oneOperationAbove":"\$5\.00 → \$7\.00"/);
    assert.equal((await getDecision(cli.world.table, asked.id))?.status, 'executed');
    const shown = (await novaJson(cli, ['policy', 'show'])) as { version: string; waiting: unknown };
    assert.deepEqual([shown.version, shown.waiting], ['0.1', null]);
  });

  test('is judged by from then on', async () => {
    const cli = await twoPeople();
    const spend = ['policy', 'eval', 'operation:spend', '--actor', 'run:shop.0.k'];
    const six = [
      ...spend,
      '--attributes',
      '{"costMicros":6000000,"recurring":false,"external":false,"destructive":false}',
    ];
    assert.equal((await nova(cli, six)).code, 4);
    const { approvalId } = await applied(cli, settingsFile({ operationMicros: 6_000_000 }));
    await asBob(cli, 'approve', approvalId);
    await workAll(cli);
    assert.deepEqual(await novaJson(cli, six), {
      ...{ id: 'operation:spend', effect: 'allow', reasons: ['small, inside and reversible'] },
      ...{ version: '0.1', rules: PINNED_RULES, trouble: false },
    });
  });

  test('can be approved by the mail: what proves it is not the shell that asked', async () => {
    const cli = cliWorld();
    const { approvalId } = await applied(cli, settingsFile({ operationMicros: 1 }));
    await workAll(cli);
    const mail = cli.mails.at(-1);
    assert.match(mail?.subject ?? '', /Change the policy, version 0 to 1/);
    assert.match(mail?.text ?? '', /\$5\.00 → \$0\.000001/);
    const judged = await decideApproval(cli.world, {
      ...{ approvalId, answer: 'reject' },
      proof: { kind: 'identity', actor: 'cli:alice' },
    });
    assert.equal(judged.kind, 'recorded');
    await workAll(cli);
    assert.equal((await currentRules(cli.world.table)).version, 0);
  });

  test('one at a time; what changes nothing or is no setting is refused with nothing written', async () => {
    const cli = await twoPeople();
    const refused = async (content: unknown, says: RegExp): Promise<void> => {
      const before = [...cli.world.table.items()].length;
      const { code, err } = await nova(cli, ['policy', 'apply', settingsFile(content)]);
      assert.ok(code === 2 || code === 5, err);
      assert.match(err, says);
      assert.equal([...cli.world.table.items()].length, before, 'something was written');
    };
    await refused({ operationMicros: 5_000_000 }, /what the policy says already/);
    await refused({ operationMicros: -1 }, /operationMicros is a whole number/);
    await refused({ operationMicros: 1.5 }, /operationMicros is a whole number/);
    await refused({ operationMicros: '5' }, /operationMicros is a whole number/);
    await refused({ rulesSha256: 'f'.repeat(64) }, /a setting is .*; got rulesSha256/);
    await refused({ version: 7 }, /got version/);
    await refused({ categories: { alone: ['feature'] } }, /one list only; in two: feature/);
    await refused({ categories: { always: ['feature'] } }, /lists alone, ask and escalate; got always/);
    await refused({ categories: null }, /lists alone, ask and escalate/);
    await refused({ categories: { alone: ['Bug Fix'] } }, /categories\.alone is a list of at most 100 words/);
    await refused({ alonePresence: 'sleeping' }, /alonePresence is a list/);
    await refused(
      { alonePresence: Array.from({ length: 60 }, (_, n) => `state_${n}`) },
      /more than one request can show/,
    );
    await refused('no json', /cannot be read/);
    await refused([1], /no JSON object/);
    await applied(cli, settingsFile({ operationMicros: 1 }));
    const second = await nova(cli, ['policy', 'apply', settingsFile({ operationMicros: 2 })]);
    assert.match(second.err, /waits for its approval already/);
  });

  test('asked for by others than admins is denied', async () => {
    const cli = await twoPeople();
    const carol = {
      id: 'carol',
      name: 'C',
      email: 'c@example.com',
      roles: ['operator', 'approver'],
      logins: ['cli:carol'],
    };
    await addOperator(cli.world, carol as never, 'cli:alice');
    const input = { builtin: false, path: 'x', settings: { operationMicros: 1 } };
    const answer = await answerControl({ command: ['policy', 'apply'], input, actor: 'cli:carol' }, cli);
    assert.ok('error' in answer && answer.error.code === 'denied', JSON.stringify(answer));
  });
});

async function waiting(world: FleetWorld, change: RulesChange): Promise<{ id: string; approvalId: string }> {
  const decision = await requestPolicyChange(world, { change: () => change, actor: 'cli:alice' });
  const approvalId = decision.approvalId ?? '';
  const proof = { kind: 'identity', actor: 'cli:bob' } as const;
  await decideApproval(world, { approvalId, answer: 'approve', proof });
  return { id: decision.id, approvalId };
}

describe('the execution of a change', () => {
  test('what was approved for another version is superseded', async () => {
    const world = fleetWorld();
    const { id } = await waiting(world, { operationMicros: 1 });
    const order = { from: 0, change: { recurringMicros: 1 }, actor: 'cli:bob', why: 'meanwhile' };
    assert.ok((await world.table.transact(await rulesChangeOps(world, order))).ok);
    await executeDecision({ decisionId: id }, world);
    const decision = await getDecision(world.table, id);
    assert.match(`${decision?.status}: ${decision?.outcome}`, /^superseded: the rules are of version 1 now, not 0/);
    const { operationMicros, recurringMicros } = await currentRules(world.table);
    assert.deepEqual([operationMicros, recurringMicros], [5_000_000, 1]);
  });

  test('a crash before or after any write, then redelivery: one version, one record', async () => {
    let crashes = 0;
    for (const when of ['before', 'after'] as const) {
      for (let write = 1; write <= 4; write++) {
        const world = fleetWorld();
        const { id } = await waiting(world, { operationMicros: 1 });
        const crashing = { ...world, table: crashingTable(world.memory, { write, when }) };
        await executeDecision({ decisionId: id }, crashing).catch((thrown: unknown) => {
          assert.ok(thrown instanceof Crash);
          crashes++;
        });
        await executeDecision({ decisionId: id }, world);
        assert.equal((await getDecision(world.table, id))?.status, 'executed');
        assert.deepEqual((await currentRules(world.table)).version, 1);
        assert.equal((await auditChain(world.table, 'policy:rules')).length, 1);
      }
    }
    assert.ok(crashes >= 4, `${crashes} crashes were real`);
  });

  test('it uses its yes up, and under the kill switch it is refused, also at the last moment', async () => {
    const world = fleetWorld();
    const { id, approvalId } = await waiting(world, { operationMicros: 1 });
    await executeDecision({ decisionId: id }, world);
    const key = { pk: `APPROVAL#${approvalId}`, sk: 'A' };
    assert.equal((await world.table.get(key))?.grantUsedAt, world.time.now());
    for (const atRead of [true, false]) {
      const stopped = fleetWorld();
      const waits = await waiting(stopped, { operationMicros: 1 });
      const turn = () =>
        turnHalt(stopped, { scope: 'fleet', on: true, actor: 'cli:alice', reason: 'test' }).then(() => undefined);
      if (atRead) await turn();
      let turned = atRead;
      const late: Table = {
        ...stopped.table,
        async transact(ops) {
          if (!turned && ops.some((op) => op.op !== 'check' && 'set' in op && op.set?.status === 'executed')) {
            turned = true;
            await turn();
          }
          return stopped.table.transact(ops);
        },
      };
      await executeDecision({ decisionId: waits.id }, { ...stopped, table: late });
      const decision = await getDecision(stopped.table, waits.id);
      assert.equal(`${decision?.status}: ${decision?.outcome}`, 'failed: the kill switch is on');
      assert.equal((await currentRules(stopped.table)).version, 0);
    }
  });

  test('fifty deliveries at once make one version', async () => {
    const world = fleetWorld();
    const { id } = await waiting(world, { operationMicros: 1 });
    await Promise.all(
      Array.from({ length: 50 }, () => executeDecision({ decisionId: id }, world).catch(() => undefined)),
    );
    await executeDecision({ decisionId: id }, world);
    assert.equal((await currentRules(world.table)).version, 1);
  });
});

describe('rules of the owner', () => {
  test('a compiled file needs no opa; approved it judges in place of ours, and --builtin goes back', async () => {
    const cli = await twoPeople();
    const copy = join(folder, 'own.wasm');
    cpSync(WASM, copy);
    const { approvalId } = await applied(cli, copy);
    assert.equal((await currentRules(cli.world.table)).rulesSha256, '');
    await asBob(cli, 'approve', approvalId);
    await workAll(cli);
    const { rulesSha256 } = await currentRules(cli.world.table);
    assert.equal(rulesSha256, PINNED_RULES);
    assert.equal((await nova(cli, ['agent', 'list'])).code, 0);
    assert.equal((await nova(cli, ['policy', 'test'])).code, 0);
    const back = JSON.parse((await nova(cli, ['policy', 'apply', '--builtin', '--json'])).out) as Asked;
    await asBob(cli, 'approve', back.approvalId);
    await workAll(cli);
    assert.deepEqual(await currentRules(cli.world.table).then(({ version, rulesSha256: sha }) => [version, sha]), [
      2,
      '',
    ]);
  });

  test('rules that vanish, or are changed where they are kept, deny everything but looking and stopping', async () => {
    for (const item of [null, { v: 1, gzipped: gzipSync(Buffer.from('other')).toString('base64') }]) {
      const cli = await twoPeople();
      const sha256 = 'a'.repeat(64);
      const order = { from: 0, change: { rulesSha256: sha256 }, actor: 'x', why: 'y' };
      await cli.world.table.transact(await rulesChangeOps(cli.world, order));
      if (item) await cli.world.table.write({ op: 'put', item: { ...ownRulesKey(sha256), ...item } });
      assert.match((await nova(cli, ['agent', 'retire', 'shop'])).err, /the policy could not be asked/);
      assert.equal((await nova(cli, ['agent', 'list'])).code, 0);
    }
  });

  test('what is no rules is refused before anything is asked', async () => {
    const cli = await twoPeople();
    for (const [name, bytes, says] of [
      ['garbage.wasm', 'no wasm', /these rules cannot be used/],
      ['garbage.tar.gz', 'no tar', /the bundle cannot be unpacked/],
      ['empty.tar.gz', gzipSync(Buffer.alloc(1024)), /holds no policy\.wasm/],
      ['cut.wasm', readFileSync(WASM).subarray(0, 10_000), /these rules cannot be used/],
      ['rules.txt', 'text', /expected a \.json file, a folder/],
    ] as const) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      const { code, err } = await nova(cli, ['policy', 'apply', path]);
      assert.equal(code, 2, name);
      assert.match(err, says);
    }
    assert.match((await nova(cli, ['policy', 'apply', join(folder, 'nowhere')])).err, /there is no file or folder/);
    assert.match((await nova(cli, ['policy', 'apply'])).err, /expected a path, or --builtin/);
    assert.equal([...cli.world.table.items()].length, [...(await twoPeople()).world.table.items()].length);
  });

  test('where a server judges, rules are changed there', async () => {
    const cli = await twoPeople();
    const { policy } = cli.world;
    const world = {
      ...cli.world,
      policy: { ...serverPolicy({ url: 'http://127.0.0.1:1' }), evaluate: policy.evaluate },
    };
    const { code, err } = await nova({ ...cli, world }, ['policy', 'apply', WASM]);
    assert.equal(code, 5);
    assert.match(err, /an OPA server judges here \(http:\/\/127\.0\.0\.1:1\/\)/);
  });
});

test('a bundle is unpacked whatever stands before the rules in it', () => {
  const entry = (name: string, content: string): Buffer => {
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write(content.length.toString(8).padStart(11, '0'), 124);
    return Buffer.concat([head, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
  };
  const tar = Buffer.concat([
    entry('/data.json', '{}'),
    entry('/a.rego', 'x'.repeat(700)),
    entry('/policy.wasm', 'wasm!'),
  ]);
  assert.equal(Buffer.from(wasmOfBundle(gzipSync(tar))).toString(), 'wasm!');
});

describe('nova policy test', () => {
  test('puts the table of the system to the rules in force', async () => {
    const found = (await novaJson(cliWorld(), ['policy', 'test'])) as {
      cases: number;
      passed: number;
      failed: unknown[];
    };
    assert.ok(found.cases >= 180);
    assert.deepEqual([found.passed, found.failed], [found.cases, []]);
  });

  test('names what fails in a table of the owner, with exit code 1', async () => {
    const { defaults } = JSON.parse(readFileSync(join(POLICIES, 'cases.json'), 'utf8')) as { defaults: unknown };
    const one = {
      name: 'viewers deploy',
      as: 'cli:x',
      roles: ['viewer'],
      action: 'agent:deploy',
      attributes: {},
      effect: 'allow',
    };
    const { code, out } = await nova(cliWorld(), ['policy', 'test', settingsFile({ defaults, cases: [one] })]);
    assert.equal(code, 1);
    assert.match(out, /viewers deploy: expected allow, got deny: denied by default/);
    const { err } = await nova(cliWorld(), [
      'policy',
      'test',
      settingsFile({ defaults, cases: [{ ...one, effect: 'maybe' }] }),
    ]);
    assert.match(err, /case 1 is not/);
  });
});

test('settings read from a file never reach further than settings', () => {
  const rules: PolicyRules = DEFAULT_RULES;
  assert.throws(
    () => readRulesChange(JSON.parse('{"__proto__":{"x":1},"constructor":1}'), rules),
    /got __proto__, constructor/,
  );
  assert.deepEqual(readRulesChange({}, rules), {});
  assert.deepEqual(rulesProblems(rules), []);
  const verdict = policyChangeVerdict(
    rules,
    { operationMicros: 1, recurringMicros: rules.recurringMicros },
    'cli:alice',
  );
  assert.deepEqual(verdict.action.kind === 'policy_change' && verdict.action.change, { operationMicros: 1 });
});

test('a path that the disk refuses is the caller’s mistake, in words', async () => {
  for (const path of ['x'.repeat(5000), `${WASM}/inside`]) {
    const { code, err } = await nova(cliWorld(), ['policy', 'apply', path]);
    assert.equal(code, 2, err);
    assert.match(err, /cannot be read|there is no file/);
  }
});
