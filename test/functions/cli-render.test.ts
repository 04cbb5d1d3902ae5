/** Tables fit, money lines up, and what an agent wrote cannot take over the terminal. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { completionScript, SHELLS } from '../../cli/completion.ts';
import { details } from '../../cli/render/details.ts';
import { cut, PLAIN, type Style, styleOf, widthOf, wrap } from '../../cli/render/style.ts';
import { type Column, table } from '../../cli/render/table.ts';
import { durationOf, percentOf } from '../../cli/render/words.ts';
import { cliWorld, nova } from '../fixtures/cli-world.ts';

type Row = { readonly name: string; readonly money: string; readonly state: string; readonly why: string };
const ROWS: readonly Row[] = [
  { name: 'a-rather-long-agent-name-that-goes-on', money: '$1,234.50', state: 'active', why: 'because '.repeat(20) },
  { name: 'b', money: '$0.000123', state: 'paused', why: '' },
  { name: '店', money: '-$3.00', state: 'retired', why: 'über' },
];
const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', value: ({ name }) => name, min: 8 },
  { title: 'MONEY', value: ({ money }) => money, align: 'money' },
  { title: 'STATE', value: ({ state }) => state, state: true },
  { title: 'WHY', value: ({ why }) => why, min: 10, dropOrder: 1 },
];

test('a table is as wide as the terminal at most, and the widest words are cut', () => {
  for (const columns of [40, 60, 80, 120]) {
    const lines = table(ROWS, COLUMNS, { ...PLAIN, columns }, '').split('\n');
    for (const line of lines) assert.ok(widthOf(line) <= columns, `${columns}: ${line}`);
    assert.equal(lines.length, 4);
  }
});

test('a column that may go is left out before anything becomes unreadable', () => {
  const narrow = table(ROWS, COLUMNS, { ...PLAIN, columns: 34 }, '');
  assert.ok(!narrow.includes('WHY'));
  assert.ok(narrow.includes('STATE'));
});

test('decimal points stand under each other', () => {
  const lines = table(ROWS, COLUMNS.slice(0, 2), PLAIN, '').split('\n').slice(1);
  const points = lines.map((line) => widthOf(line.slice(0, line.lastIndexOf('.'))));
  assert.equal(new Set(points).size, 1, lines.join('\n'));
});

test('no rows: a sentence instead of an empty table', () => {
  assert.equal(table([], COLUMNS, PLAIN, 'nothing here'), 'nothing here');
});

test('colour is painted only where it is wanted, and changes no width', () => {
  const color: Style = styleOf({ color: true, columns: 80 });
  const painted = table(ROWS, COLUMNS, color, '');
  assert.ok(painted.includes('\u001b['));
  assert.equal(stripVTControlCharacters(painted), table(ROWS, COLUMNS, PLAIN, ''));
  assert.ok(!table(ROWS, COLUMNS, styleOf({ color: false, columns: 80 }), '').includes('\u001b'));
});

test('control and direction characters of others do not reach the terminal', () => {
  const evil = { name: '\u001b[2Jx\u0007', money: '$1.00', state: 'active', why: 'a\r\nb\u202ec' };
  const text = table([evil], COLUMNS, PLAIN, '') + details('t\u001b]0;x', [['n', 'v\u001b[31m']], PLAIN);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for them is the point
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
});

test('widths count columns: wide letters two, marks none', () => {
  assert.equal(widthOf('abc'), 3);
  assert.equal(widthOf('店铺'), 4);
  assert.equal(widthOf('e\u0301'), 1);
  assert.equal(cut('abcdef', 4), 'abc…');
  assert.equal(cut('店铺店', 4), '店…');
  assert.equal(cut('abc', 3), 'abc');
  for (const line of wrap('word '.repeat(40), 30, '  ').split('\n')) assert.ok(line.length <= 30);
});

test('durations and shares are said as people say them', () => {
  assert.deepEqual([5, 1500, 65_000, 3_700_000, 200_000_000].map(durationOf), [
    '5 ms',
    '1.5 s',
    '1 min 5 s',
    '1 h 1 min',
    '2 d 7 h',
  ]);
  assert.equal(percentOf(9_999), '99 %');
});

for (const shell of SHELLS) {
  test(`the completion script for ${shell} is accepted by ${shell}`, async (t) => {
    const script = await completionScript(shell);
    assert.match(script, /retire/);
    const file = join(mkdtempSync(join(tmpdir(), 'nova-cli-')), `nova.${shell}`);
    writeFileSync(file, script);
    try {
      execFileSync(shell, [shell === 'fish' ? '--no-execute' : '-n', file]);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return t.skip(`there is no ${shell} here`);
      throw thrown;
    }
  });
}

test('bash completes nouns, verbs, options and choices', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'nova-cli-')), 'nova.bash');
  writeFileSync(file, await completionScript('bash'));
  const complete = (...words: string[]): string[] => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const ask = `source ${file}; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _nova; echo "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', ask], { encoding: 'utf8' }).trim().split(' ');
  };
  assert.deepEqual(complete('nova', 'ag'), ['agent']);
  assert.deepEqual(complete('nova', 'agent', 're'), ['resume', 'retire']);
  assert.deepEqual(complete('nova', 'agent', 'scale', 'shop', '--mu'), ['--multiplier']);
  assert.deepEqual(complete('nova', 'autonomy', 'set', 'au'), ['auto']);
  assert.deepEqual(complete('nova', 'start', '--de'), ['--demo']);
});

test('a terminal gets our colours and nothing else that it would obey; a pipe gets the text as it is', async () => {
  const cli = cliWorld();
  const hostile = 'done\u001b[2J\u001b]0;title\u0007\u009b1A\u202e\rfine\u001b[8m';
  await nova(cli, ['killswitch', 'on', '--wait', '0', '--why', hostile]);
  const shown = await nova(cli, ['killswitch', 'status'], { tty: true });
  assert.match(shown.out, /done/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(shown.out, /\u001b(?!\[(?:1|22|31|39)m)|[\u0007\r\u009b\u202e]/);
  const refused = await nova(cli, ['killswitch', 'off', '--agent', hostile, '--why', 'x'], { tty: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(refused.err, /[\u001b\u0007\r\u009b\u202e]/);
  const turned = await nova(cli, ['killswitch', 'off', '--agent', 'a\u061c\u200e\u200f\u2066\u2028b', '--why', 'x'], {
    tty: true,
  });
  assert.doesNotMatch(turned.err, /\p{Bidi_Control}|\u2028/u);
  // A long reason is broken where it has white space, and nowhere else.
  const piped = (await nova(cli, ['killswitch', 'status'])).out;
  for (const part of hostile.split('\r')) assert.ok(piped.includes(part), part);
});

test('a long reason of the kill switch fits eighty columns', async () => {
  const cli = cliWorld();
  await nova(cli, ['killswitch', 'on', '--wait', '0', '--why', 'it buys things that nobody asked for, '.repeat(20)]);
  const { out } = await nova(cli, ['killswitch', 'status']);
  for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
});
