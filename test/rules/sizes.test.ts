/** Budgets of size, and what a source may not say. A rule is one line of a table; each is shown to go red. */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { type SourceFile, sourceFiles } from './source-files.ts';

type Rule = {
  readonly name: string;
  readonly breaks: (file: SourceFile) => readonly string[];
  /** A file that must break it. */
  readonly red: SourceFile;
};

const lineCount = ({ text }: SourceFile): number => text.trimEnd().split('\n').length;
const repeated = (line: string, times: number): string => Array.from({ length: times }, () => line).join('\n');
const codes = new Map<string, string>();
/** Without its comments; worked out once. */
function code(text: string): string {
  const known = codes.get(text);
  if (known !== undefined) return known;
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/[^\n]*/g, '$1');
  codes.set(text, bare);
  return bare;
}
/** Pure lists: the topology and the spelling of keys. */
const LISTS = ['infra/topology.ts', 'shared/store/keys.ts'];
/** Here the word is the thing itself: operating-system processes, the stack of data, errors of AWS services. */
const MEANT = /data-stack|in-process-host|(task-processes|function-process)|service-error/;
const BANNED_NAMES = /(^|[-/])(manager|helpers?|utils?|services?|data|info|process|handle)(?=[-./])/;

const RULES: readonly Rule[] = [
  {
    name: 'a file has at most 300 lines',
    breaks: (file) => (lineCount(file) > 300 && !LISTS.includes(file.path) ? [`${lineCount(file)} lines`] : []),
    red: { path: 'shared/store/x.ts', text: repeated('const a = 1;', 301) },
  },
  {
    name: 'a handler has at most 40 lines',
    breaks: (file) => (file.path.startsWith('functions/') && lineCount(file) > 40 ? [`${lineCount(file)} lines`] : []),
    red: { path: 'functions/queue/x.ts', text: repeated('const a = 1;', 41) },
  },
  {
    name: 'a function has at most 60 lines',
    breaks: (file) => longFunctions(file.text),
    red: { path: 'shared/store/x.ts', text: `function long(): void {\n${repeated('  a();', 60)}\n}` },
  },
  {
    name: 'no explicit any, no silenced compiler',
    breaks: ({ text }) =>
      [/(?::|\bas|<|\|)\s*any\b(?!\s*[:(])/, /@ts-(?:ignore|nocheck|expect-error)/]
        .filter((pattern, index) => pattern.test(index === 0 ? withoutTexts(code(text)) : text))
        .map(String),
    red: { path: 'shared/store/x.ts', text: 'export const a = JSON.parse(b) as any;' },
  },
  {
    name: 'no enum, namespace or parameter property: Node runs the source as it is',
    breaks: ({ text }) =>
      [
        /^\s*(?:export )?(?:const )?enum \w/m,
        /^\s*(?:export )?namespace \w/m,
        /constructor\([^)]*\b(?:private|public|protected) /,
      ]
        .filter((pattern) => pattern.test(code(text)))
        .map(String),
    red: { path: 'shared/domain/x.ts', text: 'export enum Colour { red }' },
  },
  {
    name: 'no file is named by a word that says nothing',
    breaks: ({ path }) => (BANNED_NAMES.test(path) && !MEANT.test(path) ? [path] : []),
    red: { path: 'shared/store/agent-manager.ts', text: '' },
  },
  {
    name: 'file names are kebab-case',
    breaks: ({ path }) => (/^[a-z0-9/.-]+$/.test(path) ? [] : [path]),
    red: { path: 'shared/store/agentStore.ts', text: '' },
  },
  {
    name: 'no promise for later stands in the source',
    breaks: ({ text }) => (/\b(?:TODO|FIXME|XXX|HACK)\b/.test(text) ? ['a promise for later'] : []),
    red: { path: 'shared/store/x.ts', text: `// ${'TO'}DO: the rest` },
  },
];

const TEST_RULES: readonly Rule[] = [
  {
    name: 'a test file asserts something, and skips nothing without saying why',
    breaks: ({ path, text }) => {
      if (!path.endsWith('.test.ts')) return [];
      const asserts = [text, ...suitesOf(path, text)].some((source) => /\bassert\b/.test(code(source)));
      const silent = /\b(?:test|t)\.(?:only|todo)\b|\bt\.skip\(\s*\)|\bskip: true\b/.test(code(text));
      return [...(asserts ? [] : ['no assertion']), ...(silent ? ['a test that is left out in silence'] : [])];
    },
    red: { path: 'test/domain/x.test.ts', text: "test('nothing', () => { run(); });" },
  },
  {
    name: 'a test mocks no module of our own',
    breaks: ({ path, text }) =>
      path !== SELF && /\bmock\.module\(|jest\.mock|vi\.mock/.test(code(text)) ? ['a mock'] : [],
    red: { path: 'test/domain/x.test.ts', text: "mock.module('../../shared/store/keys.ts');" },
  },
];
const SELF = 'test/rules/sizes.test.ts';

/** The suites and stories that a test file only starts. */
function suitesOf(path: string, text: string): string[] {
  const imported = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, from = '']) =>
    posix.join(posix.dirname(path), from),
  );
  return sourceFiles({ tests: true })
    .filter((file) => imported.includes(file.path) && !file.path.startsWith('test/fixtures/'))
    .map((file) => file.text);
}

/** Strings and templates hold texts for people, who may say "any". */
function withoutTexts(text: string): string {
  return text.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, "''");
}

/** Top-level functions and methods, by their indentation: the formatter puts the closing brace below the opening line. */
function longFunctions(text: string): string[] {
  const lines = text.split('\n');
  const opening =
    /^( {0,2})(?:export )?(?:default )?(?:(?:async )?function\*? |(?:readonly |static |async |get |set |#)*[\w#]+\(.*\{$)/;
  return lines.flatMap((line, start) => {
    const indent = opening.exec(line)?.[1];
    if (indent === undefined || /^\s*(?:if|for|while|switch|return|test|catch)\b/.test(line)) return [];
    const end = lines.findIndex((other, index) => index > start && other.startsWith(`${indent}}`));
    const length = end - start + 1;
    return end > 0 && length > 60 ? [`${line.trim()} has ${length} lines`] : [];
  });
}

for (const [rules, files] of [
  [RULES, sourceFiles()],
  [TEST_RULES, sourceFiles({ tests: true })],
] as const) {
  for (const { name, breaks, red } of rules) {
    test(name, () => {
      assert.notDeepEqual(breaks(red), [], 'the rule does not see what it is for');
      const found = files.flatMap((file) => breaks(file).map((what) => `${file.path}: ${what}`));
      assert.deepEqual(found, []);
    });
  }
}

test('half of the files are short', () => {
  const counts = sourceFiles()
    .map(lineCount)
    .sort((a, b) => a - b);
  const at = (share: number): number => counts[Math.floor(counts.length * share)] ?? 0;
  assert.ok(at(0.5) <= 100, `median ${at(0.5)}`);
  assert.ok(at(0.9) <= 200, `nine of ten have up to ${at(0.9)}`);
});
