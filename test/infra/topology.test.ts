/** The topology against what is really there: files, keys of the table, ports that jobs need, the environment they get. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadJobs } from '../../infra/local/jobs.ts';
import { ENTITIES, functions, queues } from '../../infra/topology.ts';
import { PORT_KEYS } from '../../shared/aws/world.ts';
import type { World } from '../../shared/ports/world.ts';
import { type EnvKey, readEnv } from '../../shared/runtime/env.ts';
import { backoffSeconds } from '../../shared/runtime/job.ts';
import * as keys from '../../shared/store/keys.ts';
import { resources, synthesized } from './synthesized.ts';

const root = join(import.meta.dirname, '../..');
const { work } = synthesized();
type Job = { readonly name: string; readonly needs: Partial<Record<keyof World, true>> };
const jobs = new Map(
  await Promise.all(
    functions.map(async ({ name, entry }) => {
      const { job } = (await import(join(root, entry))) as { job: Job };
      return [name, job] as const;
    }),
  ),
);
const needsOf = (name: string): (keyof World)[] => Object.keys(jobs.get(name)?.needs ?? {}) as (keyof World)[];

function environmentOf(name: string): Record<string, string> {
  const found = resources(work, 'AWS::Lambda::Function').find(
    ({ Properties }) => Properties.FunctionName === `nova-test-${name}`,
  );
  const environment = found?.Properties.Environment as { Variables: Record<string, unknown> } | undefined;
  const texts = Object.entries(environment?.Variables ?? {}).map(([key, value]) => {
    if (typeof value === 'string') return [key, value];
    // What CloudFormation fills in: the address of a queue, or the name of something.
    return [key, 'Ref' in (value as object) ? 'https://sqs.us-east-1.amazonaws.com/0/q' : 'arn:aws:sqs:us-east-1:0:q'];
  });
  return Object.fromEntries(texts);
}

test('every function has its file, and its job carries its name', () => {
  for (const { name, entry } of functions) {
    assert.ok(existsSync(join(root, entry)), entry);
    assert.equal(jobs.get(name)?.name, name);
  }
});

test('every function finds in its environment whatever its ports are made from', () => {
  for (const { name, on } of functions) {
    const inbox: EnvKey[] = 'queue' in on ? ['NOVA_INBOX', 'NOVA_DEAD_LETTERS'] : [];
    const wanted = [...needsOf(name).flatMap((port) => PORT_KEYS[port]), ...inbox];
    assert.doesNotThrow(() => readEnv(wanted, environmentOf(name)), name);
  }
});

/** Keys that only a port of their own needs. */
const OF_A_PORT: readonly string[] = [
  'sendgrid-api-key',
  'stripe-api-key',
  'gumroad-access-token',
  'anthropic-api-key',
];

test('a function uses what its job needs, and has no right to anything else', () => {
  const differences = functions.flatMap(({ name, uses }) => {
    const needs = new Set(needsOf(name));
    const secrets = uses.secrets ?? [];
    const pairs: readonly (readonly [string, boolean, boolean])[] = [
      ['table', Object.keys(uses.table).length > 0, needs.has('table')],
      ...queues.map(({ name: queue }) => [queue, (uses.sends ?? []).includes(queue), needs.has(queue)] as const),
      ['scheduler', uses.schedules ?? false, needs.has('scheduler')],
      ['launcher', uses.launches !== undefined, needs.has('launcher')],
      ['publicUrl', uses.publicUrl ?? false, needs.has('publicUrl')],
      ['mailer', secrets.includes('sendgrid-api-key'), needs.has('mailer')],
      ['stripe', secrets.includes('stripe-api-key'), needs.has('stripe')],
      ['gumroad', secrets.includes('gumroad-access-token'), needs.has('gumroad')],
      ['llm', secrets.includes('anthropic-api-key'), needs.has('llm')],
      ['secrets', secrets.some((secret) => !OF_A_PORT.includes(secret)), needs.has('secrets')],
    ];
    return pairs
      .filter(([, used, needed]) => used !== needed)
      .map(([port, used]) => `${name}: ${port} is ${used ? 'granted but not needed' : 'needed but not granted'}`);
  });
  assert.deepEqual(differences, []);
});

test('every key shape of the table belongs to exactly one word of the topology', () => {
  const spelled = [
    keys.agentsPk,
    keys.specKey('a', 1).pk,
    keys.fleetPk(3),
    keys.instanceKey('a', 0).pk,
    keys.earningsKey('a').pk,
    keys.runPagePk('a', 0),
    keys.receiptKey('a', 0, { slot: 's', fence: 1 }).pk,
    keys.lateKey('a', 0, 's').pk,
    keys.stateKey('a', 0).pk,
    keys.dayPk('a'),
    keys.limitPk,
    keys.calendarKey.pk,
    keys.budgetKey('fleet', 'usd-day', '2026-11-20').pk,
    keys.entryKey('stripe', 'm').pk,
    keys.decisionKey('d').pk,
    keys.decisionLockKey('a', 'k').pk,
    keys.approvalKey('x').pk,
    keys.requestKey('r').pk,
    keys.auditPk('agent:a'),
    keys.anchorPk,
    keys.outboxPk,
    keys.policyKey.pk,
    keys.alertsPk,
    keys.channelsPk,
    keys.pulsePk,
    keys.operatorPk,
    keys.enrolmentKey('x').pk,
    keys.haltPk,
    keys.stopLinksPk,
  ];
  const matches = (pattern: string, pk: string): boolean =>
    pattern.endsWith('*') ? pk.startsWith(pattern.slice(0, -1)) : pk === pattern;
  const hit = new Set<string>();
  for (const pk of spelled) {
    const words = Object.entries(ENTITIES).filter(([, pattern]) => matches(pattern, pk));
    assert.equal(words.length, 1, `${pk}: ${words.join(' ')}`);
    hit.add(words[0]?.[0] ?? '');
  }
  assert.deepEqual([...hit].sort(), Object.keys(ENTITIES).sort());
});

test('a delivery stays away for six time-outs of its consumer, or for one and a minute where it may be received a hundred times', () => {
  for (const { on, timeoutSeconds } of functions) {
    if (!('queue' in on)) continue;
    const row = queues.find(({ name }) => name === on.queue);
    const patient = (row?.maxReceiveCount ?? 0) >= 100;
    assert.equal(row?.visibilitySeconds, patient ? timeoutSeconds + 60 : 6 * timeoutSeconds, on.queue);
  }
});

test('money, mails and orders outlive an outage of two hours without a person, and come back ten minutes after it', async () => {
  const { queues: works } = await loadJobs();
  for (const { queue, job } of works) {
    const row = queues.find(({ name }) => name === queue) ?? assert.fail(queue);
    const waits = Array.from({ length: row.maxReceiveCount - 1 }, (_, n) => backoffSeconds(n + 1, job));
    assert.ok(Math.max(...waits) <= 600, queue);
    const outlived = waits.reduce((sum, seconds) => sum + seconds, 0);
    // A tick that is later than that is a case for its schedule.
    assert.ok(outlived >= (queue === 'runs' ? 5_400 : 7_200), `${queue}: ${outlived} s`);
  }
});

test('time-outs and ages of ticks are what AWS takes, and every function says who is hurt when it fails', () => {
  for (const { on, timeoutSeconds, errorImpact } of functions) {
    assert.ok(timeoutSeconds <= 900);
    assert.match(errorImpact, /^[A-Z].{30,}\.$/);
    if ('schedule' in on) assert.ok(on.maxAgeSeconds >= 60 && on.maxAgeSeconds <= 86_400 && on.retries <= 185);
    if ('http' in on) assert.ok(timeoutSeconds <= 29, 'the API waits no longer');
  }
});
