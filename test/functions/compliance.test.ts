/** The register of controls: what it promises is read from the system, and what is not so is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTROLS, controlOf, SINCE_2013 } from '../../shared/domain/compliance/annex.ts';
import { assess, type Fact, type Facts } from '../../shared/domain/compliance/assess.ts';
import { FACTS, type FactName, REGISTER } from '../../shared/domain/compliance/register.ts';
import { RISKS } from '../../shared/domain/compliance/risks.ts';
import { keepRoot } from '../../shared/store/anchor-store.ts';
import { auditKey } from '../../shared/store/keys.ts';
import { cliWorld, nova, novaJson } from '../fixtures/cli-world.ts';

type Report = {
  readonly verdict: string;
  readonly met: number;
  readonly partlyMet: number;
  readonly notMet: number;
  readonly markdown: string;
  readonly controls: readonly { id: string; status: string; problems: readonly string[]; records: number }[];
};

const allFacts = (fact: Fact): Facts =>
  Object.fromEntries((Object.keys(FACTS) as FactName[]).map((name) => [name, fact])) as Facts;
const good: Fact = { holds: true, seen: 'seen' };
const asked = { facts: allFacts(good), actions: {}, today: '2026-11-20' };
const reportOf = async (cli: ReturnType<typeof cliWorld>, words: readonly string[] = []): Promise<Report> =>
  JSON.parse((await nova(cli, ['compliance', 'report', ...words, '--json'])).out) as Report;

test('all 93 controls are there once, and the old numbers lead to theirs', () => {
  assert.equal(CONTROLS.length, 93);
  assert.equal(new Set(CONTROLS.map(({ id }) => id)).size, 93);
  assert.deepEqual(
    [5, 6, 7, 8].map((theme) => CONTROLS.filter(({ id }) => id.startsWith(`${theme}.`)).length),
    [37, 8, 14, 34],
  );
  assert.deepEqual(
    Object.keys(SINCE_2013).map((old) => controlOf(old)?.title),
    [
      'Segregation of duties',
      'Labelling of information',
      'Logging',
      'Logging',
      'Installation of software on operational systems',
      'Collection of evidence',
    ],
  );
  assert.equal(controlOf('9.9'), null);
});

test('every entry is about a control that there is, once, with evidence, an owner and a day to look again', () => {
  const ids = REGISTER.map(({ control }) => control);
  assert.equal(new Set(ids).size, ids.length);
  for (const { control, tests = [], facts = [], reviewBy, how } of REGISTER) {
    assert.ok(controlOf(control), control);
    assert.ok(tests.length + facts.length > 0 && how.endsWith('.'), control);
    assert.match(reviewBy, /^20\d\d-\d\d-\d\d$/);
  }
  for (const { controls } of RISKS) for (const id of controls) assert.ok(ids.includes(id), id);
});

test('what nothing shows is not met, however good the rest is', () => {
  const report = assess(asked);
  assert.deepEqual([report.verdict, report.met, report.partlyMet], ['WARN', REGISTER.length, 0]);
  assert.equal(report.notMet, 93 - REGISTER.length);
  assert.equal(report.controls.find(({ id }) => id === '7.1')?.status, 'not met');
});

test('a promise that does not hold is a FAIL, one that cannot be seen is not met, a review that is due is said', () => {
  const broken = assess({ ...asked, facts: { ...asked.facts, 'trail-valid': { holds: false, seen: 'record 3' } } });
  assert.equal(broken.verdict, 'FAIL');
  const logging = broken.controls.find(({ id }) => id === '8.15');
  assert.deepEqual(
    [logging?.status, logging?.problems],
    ['partly met', ['not so: the audit trail of the last days is unchanged (record 3)']],
  );
  const unseen = assess({ ...asked, facts: allFacts({ holds: null, seen: 'not from here' }) });
  assert.deepEqual([unseen.verdict, unseen.controls.find(({ id }) => id === '8.6')?.status], ['WARN', 'partly met']);
  const late = assess({ ...asked, today: '2028-01-01' });
  assert.match(late.controls.find(({ id }) => id === '8.2')?.problems.join() ?? '', /review was due on 2027-11-20/);
});

test('records of the trail are counted for the control they belong to', () => {
  const { controls } = assess({ ...asked, actions: { 'approval.approved': 3, 'approval.rejected': 1, 'halt.on': 2 } });
  const records = (id: string) => controls.find((one) => one.id === id)?.records;
  assert.deepEqual([records('5.3'), records('5.26'), records('8.15')], [4, 2, 6]);
});

test('a workspace without an owner, a second person or a root is told so; doing something about it shows', async () => {
  const cli = cliWorld();
  const before = await reportOf(cli);
  assert.equal(before.verdict, 'FAIL');
  const problemsOf = (report: Report, id: string) => report.controls.find((one) => one.id === id)?.problems.join();
  assert.match(problemsOf(before, '5.3') ?? '', /at least two people may approve \(1 approver\)/);
  assert.match(problemsOf(before, '5.28') ?? '', /there is no anchor/);
  await keepRoot(cli.world, []);
  const after = await reportOf(cli);
  assert.equal(problemsOf(after, '5.28'), '');
  assert.equal(after.controls.find(({ id }) => id === '5.28')?.status, 'met');
  assert.match(problemsOf(after, '8.13') ?? '', /a backup was restored within a year \(0 records/);
});

test('a changed record of the trail breaks the controls that rest on it', async () => {
  const cli = cliWorld();
  await nova(cli, ['budget', 'set', 'fleet', '90']);
  const record = await cli.world.table.get(auditKey('budget:fleet', 1));
  assert.ok(record);
  await cli.world.table.write({
    op: 'put',
    item: { ...record, bytes: String(record.bytes).replace('alice', 'malice') },
  });
  const report = await reportOf(cli);
  assert.equal(report.verdict, 'FAIL');
  assert.match(report.controls.find(({ id }) => id === '8.15')?.problems.join() ?? '', /budget:fleet, record 1/);
});

test('one control by either number, an unknown one is not found, and the page says what is not met', async () => {
  const cli = cliWorld();
  assert.deepEqual(
    (await reportOf(cli, ['A.12.4.3'])).controls.map(({ id }) => id),
    ['8.15'],
  );
  assert.equal((await nova(cli, ['compliance', 'report', '9.9'])).code, 3);
  const { markdown, notMet } = await reportOf(cli);
  assert.match(markdown, new RegExp(`${notMet} not met, of 93`));
  assert.match(markdown, /### 8\.15 Logging: \w+ ?\w* \(formerly A\.12\.4\.1, A\.12\.4\.3\)/);
  assert.match(markdown, /- 7\.1 Physical security perimeters/);
  const check = await nova(cli, ['compliance', 'check', '--json']);
  assert.equal(check.code, 1);
  assert.ok(JSON.parse(check.out).findings.length > 3);
  assert.ok(await novaJson(cli, ['audit', 'list']));
});
