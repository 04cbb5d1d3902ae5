/** Every command explains itself, and its examples are true. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALIASES, expandAliases } from '../../cli/aliases.ts';
import { nameOf } from '../../cli/command.ts';
import { firstWords, helpOfAll, helpOfCommand, helpOfNoun } from '../../cli/help.ts';
import { optionName, parseInput, takeGlobals } from '../../cli/parse.ts';
import { allCommands, findCommand, NOUNS } from '../../cli/registry.ts';
import { PLAIN, widthOf } from '../../cli/render/style.ts';
import { cliWorld, nova, shellWords } from '../fixtures/cli-world.ts';

const commands = await allCommands();

/** The command of a line, with an input that its fields accept. Files that an example names need not exist. */
async function understood(words: readonly string[]): Promise<string> {
  const [first = '', second = '', ...more] = expandAliases(takeGlobals(words).rest);
  const command = NOUNS[first] ? await findCommand(first, second) : await findCommand('', first);
  assert.ok(command, `no command in: ${words.join(' ')}`);
  const rest = NOUNS[first] ? more : [second, ...more].filter(Boolean);
  parseInput(
    command,
    rest.map((word) => (word.startsWith('@') ? '{}' : word)),
  );
  return nameOf(command);
}

for (const command of commands) {
  test(`nova ${nameOf(command)} says what it does and shows examples that work`, async () => {
    assert.ok(command.summary.length > 10);
    assert.ok(command.examples.length > 0, 'no example');
    for (const example of command.examples) {
      const [nova, ...words] = shellWords(example.replace(/ > .*$/, ''));
      assert.equal(nova, 'nova');
      assert.equal(await understood(words), nameOf(command));
    }
    const help = helpOfCommand(command, PLAIN);
    for (const name of Object.keys(command.options)) assert.ok(help.includes(`--${optionName(name)}`), name);
    const prose = help.slice(0, help.indexOf('\nExamples\n'));
    for (const line of prose.split('\n')) assert.ok(widthOf(line) <= 80, `too wide: ${line}`);
  });
}

test('the names in the definitions are those of the registry', async () => {
  for (const [noun, { verbs }] of Object.entries(NOUNS)) {
    for (const verb of Object.keys(verbs))
      assert.equal(nameOf((await findCommand(noun, verb)) ?? { noun: '', verb: '' }), `${noun} ${verb}`);
  }
});

test('help of all and of a noun fits 80 columns and names everything', async () => {
  const all = await helpOfAll(PLAIN);
  const agent = await helpOfNoun('agent', PLAIN);
  for (const noun of Object.keys(NOUNS)) assert.ok(all.includes(noun));
  for (const line of [...all.split('\n'), ...agent.split('\n')]) assert.ok(widthOf(line) <= 80, line);
});

test('help is asked for in every usual way and ends with 0', async () => {
  const cli = cliWorld();
  const texts = await Promise.all(
    [
      ['agent', 'deploy', '--help'],
      ['help', 'agent', 'deploy'],
      ['agent', 'deploy', '-h'],
      ['--help', 'agent', 'deploy'],
    ].map((words) => nova(cli, words)),
  );
  for (const { code, out, err } of texts) {
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.match(out, /nova agent deploy: make an agent/);
  }
  assert.match((await nova(cli, [])).out, /Nouns and their verbs/);
  assert.match((await nova(cli, ['help', 'agent'])).out, /agent retire/);
});

/** What was typed before → what it means now. */
const OLD: readonly (readonly [string, string, readonly string[]])[] = [
  ['deploy sales web.watch --config url=https://a.example', 'agent deploy', ['web.watch', '--department', 'sales']],
  [
    'deploy sales email_outreach --config \'{"target":"b2b"}\'',
    'agent deploy',
    ['email_outreach', '--department', 'sales'],
  ],
  ['agents', 'agent list', []],
  ['agents --status killed', 'agent list', ['--status', 'retired']],
  ['agents --status=killed', 'agent list', ['--status=retired']],
  ['pause shop', 'agent pause', ['shop']],
  ['resume shop', 'agent resume', ['shop']],
  ['kill shop', 'agent retire', ['shop']],
  ['halt', 'killswitch on', []],
  ['halt --agent shop', 'killswitch on', ['--agent', 'shop']],
  ['halt off --why checked', 'killswitch off', ['--why', 'checked']],
  ['revenue', 'finance revenue', []],
  ['costs --period=week', 'finance costs', ['--period=week']],
  ['roi shop', 'finance roi', ['shop']],
  ['workers start', 'agent start', ['--all']],
  ['workers start shop', 'agent start', ['shop']],
  ['workers stop', 'agent pause', ['--all']],
  ['workers status', 'agent list', []],
  ['workers health', 'agent health', []],
  ['workers scale shop', 'agent scale', ['shop', '--multiplier', '2']],
  ['workers scale shop --multiplier 3', 'agent scale', ['shop', '--multiplier', '3']],
  ['autonomous enable', 'autonomy set', ['auto']],
  ['autonomous disable', 'autonomy set', ['off']],
  ['autonomous status', 'autonomy status', []],
  ['autonomous run', 'autonomy run', []],
];

for (const [line, name, words] of OLD) {
  test(`the old words "nova ${line}" still work`, async () => {
    const expanded = expandAliases(shellWords(line));
    assert.equal(expanded.slice(0, 2).join(' '), name);
    for (const word of words) assert.ok(expanded.includes(word), `${word} in ${expanded.join(' ')}`);
    assert.equal(await understood(shellWords(line)), name);
  });
}

test('every alias has an old line above', () => {
  for (const { first, was } of ALIASES) {
    assert.ok(
      OLD.some(([line]) => line.split(' ')[0] === first && was.startsWith(line.split(' ').slice(0, 1).join(' '))),
      was,
    );
  }
});

test('an unknown command or verb is a usage error with a suggestion', async () => {
  const cli = cliWorld();
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['agnet', 'list'], /no command "agnet"; did you mean "agent"/],
    [['agent', 'lsit'], /no verb "lsit"; did you mean "list"/],
    [['agent'], /needs a verb: deploy, list/],
    [['constructor'], /no command "constructor"/],
    [['agent', 'toString'], /no verb "toString"/],
    [['frobnicate'], /nova help lists them/],
  ];
  for (const [words, message] of cases) {
    const { code, out, err } = await nova(cli, words);
    assert.equal(code, 2, words.join(' '));
    assert.equal(out, '');
    assert.match(err, message);
  }
  assert.ok((await firstWords()).includes('workers'));
});
