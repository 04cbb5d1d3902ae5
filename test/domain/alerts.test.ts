/** The rules of alerts: their words, their episodes, and who hears of them when. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Alert, ESCALATE_MS, movesOf, QUIET_MS, textOf, wordOf } from '../../shared/domain/alert/alert.ts';
import {
  BUILT_IN,
  type Channel,
  checkedChannel,
  dueOf,
  isQuiet,
  quietHoursOf,
} from '../../shared/domain/alert/channel.ts';
import { RULE_IDS, RULES } from '../../shared/domain/alert/register.ts';
import type { Finding } from '../../shared/domain/alert/rules.ts';
import { localAt } from '../../shared/domain/zone.ts';

const runbook = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');

test('each rule has its section in the runbook, and each section its rule', () => {
  const sections = [...runbook.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
  assert.deepEqual(sections, [...RULE_IDS]);
  for (const id of RULE_IDS) {
    const section = runbook.split(`## ${id}\n`)[1]?.split('\n## ')[0] ?? '';
    assert.match(section, RULES[id].severity === 'critical' ? /critical/i : /warning/i, id);
    assert.ok(section.length > 100, `${id} says what to do`);
    assert.ok(section.trim().split('\n').length <= 6, `${id} is read at night: six lines`);
    assert.match(section, /`(\.\/nova |aws |nova-<stage>\/|infra\/)/, `${id} says what to look at`);
    assert.equal(/\*CloudWatch\*/.test(section), RULES[id].source !== 'facts', `${id} says where it comes from`);
  }
});

test('each rule says in one sentence who is hurt and in one what to do', () => {
  for (const id of RULE_IDS) {
    const { hurts, todo } = RULES[id];
    assert.match(hurts, /^[A-Z].{20,}\.$/, id);
    assert.match(todo, /^[A-Z].{20,}\.$/, id);
  }
});

const NOW = Date.UTC(2026, 10, 20, 3);
const FINDING: Finding = { rule: 'dead_letters', subject: 'runs', message: 'runs: 1 dead letter.' };
const alert = (change: Partial<Alert> = {}): Alert => ({
  ...{
    id: 'dead_letters:runs',
    rule: 'dead_letters',
    subject: 'runs',
    severity: 'critical',
    state: 'open',
    episode: 1,
  },
  ...{ message: 'runs: 1 dead letter.', raisedAt: NOW, ackedAt: null, ackedBy: '', resolvedAt: null, goneSince: null },
  ...{ replaced: false, version: 1, told: [], marks: [] },
  ...change,
});
const kinds = (known: readonly Alert[], found: readonly Finding[], now = NOW): string[] =>
  movesOf(known, found, now).map(({ do: what }) => what);

test('what is found is raised once, what comes and goes is one, and what stays away is over', () => {
  assert.deepEqual(kinds([], [FINDING]), ['raise']);
  assert.deepEqual(kinds([alert()], [FINDING]), []);
  assert.deepEqual(kinds([alert({ state: 'acked' })], [FINDING]), []);
  assert.deepEqual(kinds([alert()], []), ['go']);
  const gone = alert({ goneSince: NOW });
  assert.deepEqual(kinds([gone], [FINDING]), ['return']);
  assert.deepEqual(kinds([gone], [], NOW + QUIET_MS - 1), []);
  assert.deepEqual(kinds([gone], [], NOW + QUIET_MS), ['resolve']);
  assert.deepEqual(kinds([alert({ state: 'resolved' })], []), []);
  assert.deepEqual(kinds([alert({ state: 'resolved' })], [FINDING]), ['raise']);
});

test('a worse alert about the same takes the place of the milder one, and nobody is told that all is well', () => {
  const mild = alert({ id: 'budget_warning:fleet', rule: 'budget_warning', subject: 'fleet', severity: 'warning' });
  const worse: Finding = { rule: 'budget_exceeded', subject: 'fleet', message: 'm', covers: 'budget_warning' };
  const [first, second] = movesOf([mild], [worse], NOW);
  assert.equal(first?.do, 'raise');
  assert.ok(second?.do === 'resolve' && second.replaced);
  assert.equal(wordOf(alert({ state: 'resolved', replaced: true }), NOW), null);
});

const channel = (change: Partial<Channel> = {}): Channel => ({
  ...{ name: 'ops', kind: 'slack', to: '', account: '', from: '', severity: 'warning', quiet: null },
  ...{ standsBehind: false, inside: false, problem: '' },
  ...change,
});
const words = (alerts: readonly Alert[], one: Channel, now = NOW, minuteOfDay = 180): string[] =>
  dueOf(alerts, [one], { now, minuteOfDay }).map(({ told }) => told);

test('each word is due once, a recovery only to those who heard, and escalation to those who stand behind', () => {
  assert.deepEqual(words([alert()], channel()), ['raised']);
  assert.deepEqual(words([alert({ told: ['ops:raised'] })], channel()), []);
  const late = NOW + ESCALATE_MS;
  assert.deepEqual(words([alert({ told: ['ops:raised'] })], channel(), late), ['escalated']);
  assert.deepEqual(words([alert({ state: 'acked' })], channel({ standsBehind: true }), late), []);
  assert.deepEqual(words([alert()], channel({ standsBehind: true })), []);
  assert.deepEqual(words([alert()], channel({ standsBehind: true }), late), ['escalated']);
  const over = { state: 'resolved', resolvedAt: NOW } as const;
  assert.deepEqual(words([alert(over)], channel()), []);
  assert.deepEqual(words([alert({ ...over, told: ['ops:raised'] })], channel()), ['resolved']);
});

test('quiet hours hold back what is not critical until they are over', () => {
  const quiet = quietHoursOf('22:00-07:00');
  const sleeper = channel({ quiet });
  const mild = alert({ severity: 'warning' });
  assert.deepEqual(words([mild], sleeper, NOW, 180), []);
  assert.deepEqual(words([mild], sleeper, NOW, 420), ['raised']);
  assert.deepEqual(words([alert()], sleeper, NOW, 180), ['raised'], 'critical passes');
  assert.deepEqual(
    [1319, 1320, 0, 419, 420].map((minute) => isQuiet(sleeper, minute)),
    [false, true, true, true, false],
  );
  assert.deepEqual(words([mild], channel({ severity: 'critical' })), []);
  for (const odd of ['25:00-07:00', '22:00', '22:00-22:00', '7:00-8:00'])
    assert.throws(() => quietHoursOf(odd), { code: 'bad_input' }, odd);
});

test('quiet hours are those of the wall: the nights of 23 and 25 hours too, and in a new zone at once', () => {
  const sleeper = channel({ quiet: quietHoursOf('01:30-03:30') });
  const minuteAt = (ms: number, zone: string): number => Math.floor(localAt(ms, zone) / 60_000) % 1_440;
  const quietMinutes = (midnight: number, hours: number, zone = 'Europe/Berlin'): number =>
    Array.from({ length: hours * 60 }, (_, minute) => minuteAt(midnight + minute * 60_000, zone)).filter((minute) =>
      isQuiet(sleeper, minute),
    ).length;
  assert.equal(quietMinutes(Date.UTC(2026, 10, 19, 23), 24), 120);
  // The hour from two to three is left out in March, and comes twice in October.
  assert.equal(quietMinutes(Date.UTC(2027, 2, 27, 23), 23), 60);
  assert.equal(quietMinutes(Date.UTC(2026, 9, 24, 22), 25), 180);
  const instant = Date.UTC(2026, 10, 20, 1);
  assert.deepEqual(
    ['Europe/Berlin', 'Asia/Tokyo'].map((zone) => isQuiet(sleeper, minuteAt(instant, zone))),
    [true, false],
  );
});

test('a channel holds no secret and refuses what cannot work', () => {
  assert.throws(
    () => checkedChannel(channel({ to: 'https://hooks.slack.com/services/T0/B0/x' })),
    /is a secret: nova secret set channel-ops/,
  );
  assert.throws(
    () => checkedChannel(channel({ kind: 'sms', to: '0791234567', account: 'x' })),
    /like \+41.*account SID.*number of yours/s,
  );
  assert.throws(() => checkedChannel(channel({ kind: 'webhook', to: 'http://n8n.local/x' })), /https/);
  assert.throws(() => checkedChannel(channel({ name: 'Ops!' })), /lower-case/);
  assert.deepEqual(
    BUILT_IN.map(({ name }) => name),
    ['owner', 'bus'],
  );
});

test('an alert says the numbers, who is hurt, what to do and where it is written', () => {
  const { subject, text } = textOf(alert(), 'raised', 'local');
  assert.equal(subject, 'critical dead letters, runs');
  assert.match(
    text,
    /^runs: 1 dead letter\.\nMessages could not be worked.*\n.*nova queue redrive runs\.\n.*nova alert ack dead_letters:runs\n.*docs\/runbook\.md#dead_letters$/,
  );
  assert.match(textOf(alert(), 'resolved', 'local').subject, /^Over: /);
  const prod = textOf(alert(), 'escalated', 'prod');
  assert.equal(prod.subject, '[prod] Nobody has taken this on: critical dead letters, runs');
  assert.match(prod.text, /nova --stage prod queue redrive runs\.\n.*nova --stage prod alert ack dead_letters:runs\n/);
});

test('of hundreds at once a person hears ten at a time, the critical and oldest first; machines hear all', () => {
  const storm = Array.from({ length: 300 }, (_, n) =>
    alert({ id: `x:${n}`, subject: String(n), severity: n % 50 === 0 ? 'critical' : 'warning', raisedAt: NOW - n }),
  );
  const due = (one: Channel, alerts = storm) => dueOf(alerts, [one], { now: NOW, minuteOfDay: 180 });
  const first = due(channel()).map(({ alert: { id } }) => id);
  assert.deepEqual(first.slice(0, 7), ['x:250', 'x:200', 'x:150', 'x:100', 'x:50', 'x:0', 'x:299']);
  assert.equal(first.length, 10);
  const heard = storm.map((one) => (first.includes(one.id) ? { ...one, told: ['ops:raised'] } : one));
  const second = due(channel(), heard).map(({ alert: { id } }) => id);
  assert.equal(second.length, 10);
  assert.ok(second.every((id) => !first.includes(id)));
  for (const kind of ['webhook', 'bus'] as const) assert.equal(due(channel({ kind })).length, 300);
});
