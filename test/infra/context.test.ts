/** What an owner must decide is asked for at once and in words. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ContextError, choicesFrom } from '../../infra/aws/context.ts';
import { functions } from '../../infra/topology.ts';
import { resources, synthesized } from './synthesized.ts';

const example = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
const problemsOf = (context: Record<string, unknown>): readonly string[] => {
  try {
    choicesFrom((name) => context[name]);
    return [];
  } catch (thrown) {
    assert.ok(thrown instanceof ContextError);
    return thrown.problems;
  }
};

test('the examples of cdk.json are complete, and known as examples', () => {
  assert.deepEqual(choicesFrom((name) => example.context[name]).examples, ['ownerEmail', 'senderEmail']);
});

test('examples can be looked at but not deployed: parameters without a value stand in both stacks', () => {
  const { data, work } = synthesized({ examples: ['ownerEmail', 'senderEmail'] });
  for (const template of [data, work]) {
    for (const name of ['ownerEmailIsStillAnExample', 'senderEmailIsStillAnExample']) {
      const parameter = template.Parameters?.[name] as { Default?: unknown; Description: string } | undefined;
      assert.ok(parameter && parameter.Default === undefined, name);
      assert.match(parameter.Description, /Set \w+Email in cdk.json/);
    }
  }
});

test('own values leave nothing to ask', () => {
  const { data, work } = synthesized();
  for (const template of [data, work]) {
    const asked = Object.entries(template.Parameters ?? {}).filter(
      ([, parameter]) => !('Default' in (parameter as object)),
    );
    assert.deepEqual(asked, []);
  }
});

test('every missing or wrong choice is named at once, with what it must be', () => {
  const problems = problemsOf({
    ...example.context,
    ownerEmail: 'nobody',
    timezone: 'Mars/Olympus',
    currency: undefined,
  });
  assert.equal(problems.length, 3);
  assert.match(problems.join('\n'), /ownerEmail must be .*; got "nobody"/);
  assert.match(problems.join('\n'), /timezone must be an IANA time zone .*; got "Mars\/Olympus"/);
  assert.match(problems.join('\n'), /currency is missing: an ISO 4217 code/);
  assert.equal(problemsOf({}).length, 10);
});

test('values from the command line are text and mean the same', () => {
  const typed = { ...example.context, maxConcurrentRuns: '8', waf: 'true', logRetentionDays: '14' };
  const choices = choicesFrom((name) => (typed as Record<string, unknown>)[name]);
  assert.deepEqual([choices.maxConcurrentRuns, choices.waf, choices.logRetentionDays], [8, true, 14]);
});

for (const [name, value] of [
  ['stage', 'Prod'],
  ['stage', 'a'],
  ['maxConcurrentRuns', 1],
  ['maxConcurrentRuns', '8.5'],
  ['requestsPerSecond', 0],
  ['logRetentionDays', 31],
  ['waf', 'yes'],
  ['currency', 'euro'],
] as const) {
  test(`${name} = ${JSON.stringify(value)} is refused`, () => {
    assert.equal(problemsOf({ ...example.context, [name]: value }).length, 1);
  });
}

test('an OPA server is told to the functions that judge, and to no other; what is no address is refused', () => {
  const opaUrl = 'https://opa.example.com';
  const { work } = synthesized({ opaUrl });
  const told = resources(work, 'AWS::Lambda::Function').flatMap(({ Properties }) =>
    JSON.stringify(Properties.Environment).includes(`"OPA_URL":"${opaUrl}"`) ? [String(Properties.FunctionName)] : [],
  );
  const judges = functions.filter(({ uses }) => uses.judges).map(({ name }) => name);
  assert.ok(judges.length >= 3);
  assert.deepEqual(told.map((name) => name.replace(/^nova-[a-z]+-/, '')).sort(), [...judges].sort());
  assert.doesNotMatch(JSON.stringify(synthesized().work), /OPA_URL/);
  for (const wrong of ['opa.example.com', 'ftp://x', 7]) {
    assert.match(problemsOf({ ...example.context, opaUrl: wrong }).join(), /opaUrl must be an http\(s\) address/);
  }
  assert.deepEqual(problemsOf({ ...example.context, opaUrl }), []);
});
