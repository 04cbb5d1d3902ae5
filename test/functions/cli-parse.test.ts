/** From words to typed input, and what people get to read when it cannot be. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hereCommand } from '../../cli/command.ts';
import { choice, config, count, defaulting, flag, moment, needed, text, usd } from '../../cli/fields.ts';
import { checkInput, parseInput, takeGlobals } from '../../cli/parse.ts';
import { editDistance, nearest } from '../../cli/suggest.ts';

const command = hereCommand({
  noun: 'thing',
  verb: 'make',
  summary: 'for these tests',
  args: { id: needed(text('its id')), amount: usd('dollars') },
  options: {
    toCount: defaulting(count('how many', { min: 1, max: 50 }), 1),
    mode: choice('how', ['off', 'auto']),
    config: config('what it knows'),
    after: moment('since'),
    all: flag('all of them'),
  },
  examples: [],
  run: async () => ({ id: 'x' }),
  render: () => '',
});

const read = (...words: string[]) => parseInput(command, words);
const refused = (words: string[], message: RegExp) =>
  assert.throws(
    () => read(...words),
    (thrown: Error & { code?: string }) => {
      assert.equal(thrown.code, 'bad_input');
      assert.match(thrown.message, message);
      return true;
    },
  );

test('arguments and options become typed values, and defaults are filled in', () => {
  assert.deepEqual(read('shop'), { id: 'shop', toCount: 1, all: false });
  assert.deepEqual(read('shop', '12.50', '--to-count', '3', '--mode=auto', '--all'), {
    ...{ id: 'shop', amount: 12_500_000, toCount: 3, mode: 'auto', all: true },
  });
  assert.deepEqual(read('--to-count', '3', 'shop'), read('shop', '--to-count=3'));
});

test('a config is JSON, pairs, or a file with either', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'nova-cli-')), 'config.json');
  writeFileSync(file, '{"a":[1,"x"]}');
  assert.deepEqual(read('x', '--config', '{"a":{"b":1.5}}').config, { a: { b: 1.5 } });
  assert.deepEqual(read('x', '--config', 'url=https://a.b/c?d=e, n=3,ok=true,price=0.10').config, {
    ...{ url: 'https://a.b/c?d=e', n: 3, ok: true, price: '0.10' },
  });
  assert.deepEqual(read('x', '--config', `@${file}`).config, { a: [1, 'x'] });
});

test('what is wrong is named, with what is allowed and what came', () => {
  refused([], /<id> is needed/);
  refused(['a', '1', 'b'], /takes <id> \[amount\]; not "b"/);
  refused(['a', '12.3.4'], /<amount>: .*like 12 or 0\.10; got "12\.3\.4"/);
  refused(['a', '-5'], /0 or more dollars; got "-5"/);
  refused(['a', '-12.50'], /0 or more dollars; got "-12\.50"/);
  refused(['a', '--to-count', '0'], /--to-count: expected a whole number from 1 to 50; got "0"/);
  refused(['a', '--to-count', '-3'], /--to-count: .*got "-3"/);
  refused(['a', '--to-count', '2.5'], /got "2\.5"/);
  refused(['a', '--mode', 'on'], /--mode: expected one of off, auto; got "on"/);
  refused(['a', '--config', '{"a":'], /--config: expected a JSON object, key=value pairs or @file; got/);
  refused(['a', '--config', '[1]'], /expected a JSON object/);
  refused(['a', '--config', '@/no/such/file'], /cannot be read/);
  refused(['a', '--after', 'yesterday'], /expected a time with its zone/);
  refused(['a', '--after', '2026-03-08T06:00:00'], /expected a time with its zone/);
  refused(['a', '--to-cuont', '3'], /no option --to-cuont; did you mean "--to-count"\?/);
  refused(['a', '--mode'], /--mode/);
});

test('global options may stand anywhere', () => {
  const { globals, rest } = takeGlobals(['--json', 'agent', '--stage=prod', 'list', '--home', '/tmp/x', '-h']);
  assert.deepEqual(globals, { json: true, help: true, stage: 'prod', home: '/tmp/x' });
  assert.deepEqual(rest, ['agent', 'list']);
  assert.throws(() => takeGlobals(['agent', 'list', '--stage']), /--stage needs a value/);
  assert.deepEqual(takeGlobals(['x', '--', '--json']).rest, ['x', '--', '--json']);
});

test('the engine checks an input again, whoever parsed it', () => {
  assert.deepEqual(checkInput(command, { id: 'a', amount: 5 }), {
    ...{ id: 'a', amount: 5, toCount: 1, mode: undefined, config: undefined, after: undefined, all: false },
  });
  assert.throws(() => checkInput(command, {}), /id is missing/);
  assert.throws(() => checkInput(command, { id: 'a', amount: -5 }), /amount/);
  assert.throws(() => checkInput(command, { id: 'a', toCount: 51 }), /toCount/);
  assert.throws(() => checkInput(command, { id: 'a', all: 'yes' }), /all/);
  assert.throws(() => checkInput(command, { id: 'a', evil: 1 }), /takes no evil/);
});

test('a mistyped word leads to the nearest one, and a strange one to none', () => {
  assert.equal(editDistance('lsit', 'list'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(nearest('lsit', ['list', 'show']), 'list');
  assert.equal(nearest('frobnicate', ['list', 'show']), null);
});

test('a name that every object has is no option', () => {
  for (const word of ['--constructor', '--__proto__', '--toString']) {
    assert.deepEqual(takeGlobals([word, 'x']).rest, [word, 'x']);
    refused(['shop', word, 'x'], new RegExp(`no option ${word}`));
  }
  assert.throws(() => checkInput(command, { id: 'x', constructor: 'y' }), /takes no constructor/);
});

test('a config that is too large or too deep is refused before it goes anywhere', () => {
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  refused(['shop', '--config', deep.slice(0, 199_999)], /expected a JSON object/);
  refused(['shop', '--config', `{"a":${'['.repeat(90_000)}${']'.repeat(90_000)}}`], /at most 64 levels deep/);
  refused(['shop', '--config', JSON.stringify({ a: 'x'.repeat(200_000) })], /at most 200000 characters; got 2000/);
  assert.deepEqual(read('shop', '--config', '{"a":[[[1]]]}').config, { a: [[[1]]] });
});

test('two values for one option are refused: whoever typed them means one of them', () => {
  refused(['x', '--mode', 'off', '--mode', 'auto'], /^--mode is given twice$/);
  refused(['x', '--to-count=2', '--to-count=2'], /^--to-count is given twice$/);
  assert.throws(() => takeGlobals(['--home', 'a', 'thing', 'make', '--home=b']), /--home is given twice/);
  assert.equal(read('x', '--all', '--all').all, true);
});
