/** The table of architecture: a room, what it may import, and what its text may not say. */
import { posix } from 'node:path';

type Law = {
  readonly room: string;
  /** Values may come from here. */
  readonly may: readonly string[];
  /** Types may come from here as well. */
  readonly mayTypes?: readonly string[];
};

const POWERTOOLS = '@aws-lambda-powertools/';

/** First match wins: special files before their room. */
const LAWS: readonly Law[] = [
  // The one place where AWS's ports are put together; it also brings what every platform shares.
  {
    room: 'shared/aws/world.ts',
    may: [
      'shared/aws/',
      'shared/runtime/',
      'shared/connectors/',
      'shared/policy/',
      'shared/wire/',
      'shared/domain/error.ts',
    ],
    mayTypes: ['shared/ports/'],
  },
  // WebAuthn: the one package that reads what authenticators sign.
  {
    room: 'shared/runtime/passkeys.ts',
    may: ['@simplewebauthn/server', 'shared/domain/'],
    mayTypes: ['shared/ports/'],
  },
  // What a table must refuse and compute: pure, and common to the three tables that keep one port.
  { room: 'shared/domain/table/', may: ['shared/domain/'], mayTypes: ['shared/ports/table.ts'] },
  { room: 'shared/domain/', may: ['shared/domain/'] },
  { room: 'shared/wire/', may: ['zod', 'shared/wire/'], mayTypes: ['shared/domain/'] },
  { room: 'shared/ports/', may: [], mayTypes: ['shared/domain/', 'shared/wire/', 'shared/ports/'] },
  { room: 'shared/store/', may: ['shared/domain/', 'shared/ports/', 'shared/wire/', 'shared/store/'] },
  {
    room: 'shared/aws/',
    may: ['shared/aws/', '@aws-sdk/', 'node:', 'shared/domain/error.ts', 'shared/domain/table/'],
    mayTypes: ['shared/domain/', 'shared/ports/', 'shared/wire/', '@smithy/'],
  },
  {
    room: 'shared/embedded/',
    may: [
      'shared/embedded/',
      'node:',
      'shared/domain/error.ts',
      'shared/domain/table/',
      'shared/wire/',
      'shared/runtime/',
    ],
    mayTypes: ['shared/domain/', 'shared/ports/', 'shared/wire/'],
  },
  {
    room: 'shared/connectors/',
    may: [
      'shared/connectors/',
      'shared/domain/',
      'shared/wire/',
      'node:',
      'stripe',
      '@sendgrid/',
      'twitter-api-v2',
      'undici',
      'ipaddr.js',
      'robots-parser',
    ],
    mayTypes: ['shared/ports/'],
  },
  {
    room: 'shared/blueprints/',
    may: ['shared/blueprints/', 'shared/domain/', 'shared/wire/', 'zod', 'cheerio/slim'],
    mayTypes: ['shared/ports/'],
  },
  // The rules of policies/, in process or in a server.
  {
    room: 'shared/policy/',
    may: ['shared/policy/', 'shared/domain/', 'policies/', '@open-policy-agent/opa-wasm', 'node:'],
    mayTypes: ['shared/ports/'],
  },
  { room: 'shared/memory/', may: ['shared/memory/', 'shared/domain/', 'shared/wire/'], mayTypes: ['shared/ports/'] },
  {
    room: 'shared/runtime/lambda.ts',
    may: ['@middy/core', POWERTOOLS, 'zod', 'shared/runtime/', 'shared/domain/'],
    mayTypes: ['shared/ports/', '@types/aws-lambda', 'aws-lambda'],
  },
  {
    room: 'shared/runtime/',
    may: [
      'zod',
      POWERTOOLS,
      'node:',
      'ulid',
      'shared/runtime/',
      'shared/domain/',
      'shared/wire/',
      'shared/blueprints/',
    ],
    mayTypes: ['shared/ports/', 'aws-lambda'],
  },
  // A job before it meets a platform: it orchestrates stores and ports.
  {
    room: 'shared/jobs/',
    may: ['shared/jobs/', 'shared/domain/', 'shared/wire/', 'shared/store/', 'shared/runtime/job.ts'],
    mayTypes: ['shared/ports/'],
  },
  { room: 'functions/', may: ['shared/'] },
  { room: 'containers/', may: ['shared/', 'node:', 'containers/'] },
  { room: 'infra/topology.ts', may: [], mayTypes: ['shared/runtime/env.ts'] },
  // What people may use of a stage, in the words of the topology.
  { room: 'infra/people.ts', may: [], mayTypes: ['infra/topology.ts'] },
  // What a word in `uses` buys in the environment: one answer for the stacks and for a rehearsal.
  { room: 'infra/function-env.ts', may: ['infra/topology.ts'], mayTypes: ['shared/runtime/env.ts'] },
  {
    room: 'infra/aws/',
    may: [
      'infra/aws/',
      'infra/topology.ts',
      'infra/people.ts',
      'infra/function-env.ts',
      // An alarm says what an alert says.
      'shared/domain/alert/register.ts',
      // What the command takes for a stage, the templates take.
      'shared/domain/stage-name.ts',
      'aws-cdk-lib',
      'constructs',
      'cdk-nag',
      'node:',
      'esbuild',
    ],
    mayTypes: ['shared/runtime/env.ts'],
  },
  {
    room: 'infra/local/',
    may: ['infra/local/', 'infra/topology.ts', 'infra/function-env.ts', 'shared/', 'node:', 'fauxqs'],
  },
  { room: 'cli/', may: ['cli/', 'infra/local/', 'infra/topology.ts', 'shared/', 'node:'] },
];

/** What only the named files (prefixes) may say. */
const WORDS: readonly { readonly pattern: RegExp; readonly only: (path: string) => boolean; readonly what: string }[] =
  [
    {
      pattern: /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandomUUID\b|\bprocess\./,
      only: (p) => !p.startsWith('shared/domain/'),
      what: 'breathes (clock, dice or process) in the domain',
    },
    {
      pattern: /\bprocess\.env\b/,
      only: (p) => p === 'shared/runtime/env.ts',
      what: 'reads process.env outside shared/runtime/env.ts',
    },
    {
      pattern: /\bnew \w+Client\(/,
      only: (p) => p.startsWith('shared/aws/clients/'),
      what: 'makes a client outside shared/aws/clients/',
    },
    {
      pattern: /from '@middy\/core'/,
      only: (p) => p === 'shared/runtime/lambda.ts',
      what: 'imports middy outside shared/runtime/lambda.ts',
    },
    {
      pattern: /import \{[^}]*\bz\b[^}]*\} from 'zod'|import z from 'zod'/,
      only: () => false,
      what: "imports zod as a whole: write import * as z from 'zod'",
    },
  ];

const IMPORT =
  /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:([^'"`;]*?)\s+from\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Every break of the law in one file, as a sentence. */
export function lawBreaks(path: string, text: string): string[] {
  if (posix.basename(path) === 'index.ts') return [`${path} is a barrel: import the file that has the thing`];
  const law = LAWS.find(({ room }) => path.startsWith(room));
  if (!law) return [`${path} is in no room of the house`];
  const code = text.replace(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/[^\n]*/g, '');
  const words = WORDS.filter(({ pattern, only }) => pattern.test(code) && !only(path)).map(
    ({ what }) => `${path} ${what}`,
  );
  const wordyMiddy = words.some((word) => word.includes('middy')) || words.some((word) => word.includes('zod'));
  const imports = importsOf(code).filter(({ from }) => !(wordyMiddy && (from === '@middy/core' || from === 'zod')));
  return [
    ...words,
    ...imports.filter((found) => !allowed(path, law, found)).map(({ from }) => `${path} may not import ${from}`),
  ];
}

type Found = { readonly from: string; readonly typeOnly: boolean };

function importsOf(code: string): Found[] {
  return [...code.matchAll(IMPORT)].map((match) => {
    const names = match[3] ?? '';
    const inlineTypes =
      /^\{[^}]*\}$/.test(names.trim()) &&
      names
        .replace(/[{}\s]/g, ' ')
        .split(',')
        .filter((name) => name.trim())
        .every((name) => name.trim().startsWith('type '));
    return { from: match[4] ?? match[5] ?? '', typeOnly: Boolean(match[2]) || inlineTypes };
  });
}

function allowed(path: string, law: Law, { from, typeOnly }: Found): boolean {
  const target = from.startsWith('.') ? posix.join(posix.dirname(path), from) : from;
  const lists = typeOnly ? [...law.may, ...(law.mayTypes ?? [])] : law.may;
  return lists.some((prefix) =>
    prefix.endsWith('/') || prefix.endsWith(':')
      ? target.startsWith(prefix)
      : target === prefix || target.startsWith(`${prefix}/`),
  );
}
