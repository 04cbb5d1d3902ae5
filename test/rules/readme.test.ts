/** What the README and the pages for whoever runs a stage say is true: its commands parse, its blueprint runs, its links lead somewhere. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { expandAliases } from '../../cli/aliases.ts';
import { parseInput, takeGlobals } from '../../cli/parse.ts';
import { findCommand, NOUNS } from '../../cli/registry.ts';
import { RULE_IDS, type RuleId, todoFor } from '../../shared/domain/alert/register.ts';
import type { Blueprint } from '../../shared/domain/ctx.ts';
import { shellWords } from '../fixtures/cli-world.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts;

const pages = ['docs/deploy.md', 'docs/runbook.md'].map((path) => join(root, path)).filter((path) => existsSync(path));
const told = [readme, ...pages.map((path) => readFileSync(path, 'utf8'))].join('\n');

const lines = told
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .flatMap((line) => [line, ...[...line.matchAll(/`(\.\/nova [^`]+)`/g)].map((match) => match[1] ?? '')])
  .filter((line) => line.startsWith('./nova ') && !line.includes('<') && !line.includes('…'))
  .map((line) => line.replace(/\s+#.*$/, ''));

for (const line of new Set(lines)) {
  test(`the command parses: ${line}`, async () => {
    const [, ...words] = shellWords(line);
    const [noun = '', verb = '', ...rest] = expandAliases(takeGlobals(words).rest);
    if (noun === 'help') return;
    const command = NOUNS[noun] ? await findCommand(noun, verb) : await findCommand('', noun);
    assert.ok(command, `no command in: ${line}`);
    parseInput(command, NOUNS[noun] ? rest : [verb, ...rest].filter(Boolean));
  });
}

test('the README has commands to check', () => assert.ok(lines.length >= 10, String(lines.length)));

/** What an alert of each rule may be about. */
const SUBJECTS: Partial<Readonly<Record<RuleId, readonly string[]>>> = {
  budget_warning: ['fleet', 'agent:shop', 'department:sales#usd-month', 'agent:shop#tokens-day'],
  budget_exceeded: ['fleet', 'agent:shop', 'department:sales#usd-month', 'agent:shop#runs-week'],
  dead_letters: ['runs', 'revenue', 'work'],
  approval_waiting: ['01KAFY0000000000000000000'],
  webhooks_refused: ['stripe', 'gumroad'],
  channel_broken: ['owner', 'ops'],
};

test('each command that an alert advises can be typed as it stands, where one sits and for a stage', async () => {
  let typed = 0;
  for (const rule of RULE_IDS) {
    for (const subject of SUBJECTS[rule] ?? ['shop']) {
      for (const stage of ['local', 'prod']) {
        const todo = todoFor(rule, subject, stage);
        if (stage === 'prod') assert.doesNotMatch(todo, /<stage>|\bnova (?!--stage prod )/, rule);
        for (const [, line = ''] of todo.matchAll(/\bnova ([a-z-][^;,]*?)(?=[;,.]?(?:$| or |; | if |, )|\.$)/g)) {
          if (line.includes('<stage>')) continue;
          const words = line
            .replace('<amount>', '12.50')
            .replace(/ --why .*/, ' --why looked')
            .split(' ');
          const { globals, rest } = takeGlobals(words);
          assert.equal(globals.stage ?? 'local', stage, line);
          const [noun = '', verb = '', ...more] = rest;
          const command = NOUNS[noun] ? await findCommand(noun, verb) : await findCommand('', noun);
          assert.ok(command, `${rule}: there is no command in "${line}"`);
          parseInput(command, NOUNS[noun] ? more : [verb, ...more].filter(Boolean));
          typed++;
        }
      }
    }
  }
  assert.ok(typed >= 40, String(typed));
});

test('every npm script the README names exists, and there are ten at most', () => {
  const named = [...readme.matchAll(/npm (start|test)\b|`?npm run ([a-z]+)/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  for (const name of named) assert.ok(scripts[name], `npm run ${name}`);
  assert.ok(Object.keys(scripts).length <= 10);
});

test('every path the README names is there', () => {
  for (const [, path = ''] of readme.matchAll(/`((?:shared|infra|test|functions|cli)\/[\w./-]+|[A-Z]+\.md)`/g)) {
    assert.ok(existsSync(join(root, path)), path);
  }
});

test('the README’s own blueprint loads and runs', async () => {
  const source = /```ts\n([\s\S]+?)```/.exec(readme)?.[1] ?? assert.fail('no blueprint in the README');
  const folder = join(root, 'dist');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'readme-blueprint.ts');
  writeFileSync(
    file,
    source.replaceAll("'../domain/", "'../shared/domain/").replaceAll("'./", "'../shared/blueprints/"),
  );
  const { blueprint } = (await import(pathToFileURL(file).href)) as { blueprint: Blueprint<unknown> };
  assert.throws(() => blueprint.parseConfig({ topic: 'x' }), { code: 'bad_input' });
  const config = blueprint.parseConfig({ topic: 'owls' });
  const marks: number[] = [];
  const spend = async <T>(bound: number, call: () => Promise<{ value: T }>): Promise<T> => {
    marks.push(bound);
    return (await call()).value;
  };
  const kept: unknown[] = [];
  const answer = await blueprint.run(
    { spend, state: { get: () => null, set: (value: unknown) => kept.push(value) } } as never,
    config,
  );
  assert.deepEqual([answer, marks, kept], [{ ok: true, summary: 'About owls' }, [15_000], [{ last: 'About owls' }]]);
});
