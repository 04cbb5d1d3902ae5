/** Every function as Lambda loads it: dist/functions/<name>/handler.mjs with the chunks that it reaches. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { type FunctionRow, functions } from '../topology.ts';
import { bundleContainers, CONTAINERS_FOLDER, IMAGES } from './bundle-containers.ts';
import { ESM_FILES, replaceFolder } from './bundle-files.ts';
import { ENTRY_PREFIX, lazyBuiltins, rulesInside, warmEntries, withoutJsonSchema } from './bundle-plugins.ts';
import { leanSdk } from './bundle-sdk.ts';

export const FUNCTIONS_FOLDER = 'dist/functions';
/** What was bundled, for the size budgets and for knowing whether it is still fresh. */
export const STAMP = 'dist/bundles.json';

export type BundleSize = {
  readonly name: string;
  /** All that is loaded before the first event: the entry, its static imports, and the world it opens. */
  readonly bytes: number;
  readonly lazyBytes: number;
};

type Stamp = { readonly inputs: readonly string[]; readonly sizes: readonly BundleSize[] };

/**
 * In chunks that functions share, a module holds whatever any of them uses of it. What runs agents starts more often
 * than all others together, so it shares with nobody; each call of its own for every function would take four times as
 * long.
 */
const RUNS = functions.filter(({ on }) => 'queue' in on && on.queue === 'runs');
const OTHERS = functions.filter((row) => !RUNS.includes(row));

/** Bundles every function of the topology. @throws when an entry does not exist. */
export async function bundle(): Promise<readonly BundleSize[]> {
  const missing = functions.filter(({ entry }) => !existsSync(entry)).map(({ name, entry }) => `${name}: ${entry}`);
  if (missing.length > 0) throw new Error(`the topology names entries that do not exist: ${missing.join(', ')}`);
  const draft = `${FUNCTIONS_FOLDER}-${process.pid}`;
  const made = await Promise.all([bundleTogether(draft, RUNS), bundleTogether(draft, OTHERS)]);
  replaceFolder(draft, FUNCTIONS_FOLDER);
  const sizes = made.flatMap((one) => one.sizes);
  const sources = made.flatMap(({ inputs }) => inputs).filter((path) => existsSync(path));
  const inputs = [...new Set([...sources, ...(await bundleContainers())])];
  writeFileSync(STAMP, JSON.stringify({ inputs, sizes } satisfies Stamp, null, 1));
  return sizes;
}

async function bundleTogether(draft: string, rows: readonly FunctionRow[]): Promise<Stamp> {
  const { outputFiles, metafile } = await build({
    entryPoints: Object.fromEntries(rows.map(({ name }) => [name, `${ENTRY_PREFIX}${name}`])),
    outdir: FUNCTIONS_FOLDER,
    ...ESM_FILES,
    plugins: [
      warmEntries(entryOf),
      lazyBuiltins(),
      rulesInside(),
      withoutJsonSchema(),
      ...leanSdk(rows.map(({ uses }) => uses)),
    ],
  });
  const files = new Map(outputFiles.map((file) => [basename(file.path), file.contents]));
  const sizes = rows.map(({ name }) => writeFunction({ draft, name, files, metafile }));
  return { inputs: Object.keys(metafile.inputs), sizes };
}

/** Whether the bundles are there and nothing they were made of has changed since. */
export function isFresh(): boolean {
  const there = functions.every(({ name }) => existsSync(join(FUNCTIONS_FOLDER, name)));
  if (!existsSync(STAMP) || !there || !IMAGES.every((name) => existsSync(join(CONTAINERS_FOLDER, name)))) return false;
  const made = statSync(STAMP).mtimeMs;
  const { inputs } = JSON.parse(readFileSync(STAMP, 'utf8')) as Stamp;
  const rules = readdirSync(import.meta.dirname).filter((name) => name.startsWith('bundle'));
  const all = [...inputs, 'package-lock.json', 'infra/topology.ts', ...rules.map((name) => join('infra/aws', name))];
  return all.every((path) => existsSync(path) && statSync(path).mtimeMs <= made);
}

function entryOf(name: string): string {
  const row = functions.find((row) => row.name === name);
  if (!row) throw new Error(`the topology has no function ${name}`);
  return row.entry;
}

type Written = {
  readonly draft: string;
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly metafile: Metafile;
};

/** The entry under the name that Lambda knows, and beside it every chunk that it can reach. */
function writeFunction({ draft, name, files, metafile }: Written): BundleSize {
  const folder = join(draft, name);
  mkdirSync(folder, { recursive: true });
  const reached = reach(`${FUNCTIONS_FOLDER}/${name}.mjs`, metafile);
  for (const path of reached.all) {
    const contents = files.get(basename(path));
    if (contents)
      writeFileSync(join(folder, basename(path) === `${name}.mjs` ? 'handler.mjs' : basename(path)), contents);
  }
  const bytesOf = (paths: Iterable<string>): number =>
    [...paths].reduce((sum, path) => sum + (files.get(basename(path))?.byteLength ?? 0), 0);
  const bytes = bytesOf(reached.eager);
  return { name, bytes, lazyBytes: bytesOf(reached.all) - bytes };
}

function reach(start: string, metafile: Metafile): { eager: Set<string>; all: Set<string> } {
  const walk = (kinds: readonly string[]): Set<string> => {
    const seen = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const found of metafile.outputs[path]?.imports ?? []) if (kinds.includes(found.kind)) visit(found.path);
    };
    visit(start);
    return seen;
  };
  return { eager: walk(['import-statement']), all: walk(['import-statement', 'dynamic-import']) };
}

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;

const isCommand = process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename;
if (isCommand && !(process.argv[2] === '--if-stale' && isFresh())) {
  const before = performance.now();
  const sizes = await bundle();
  for (const { name, bytes, lazyBytes } of sizes) {
    console.log(`${name.padEnd(20)}${kib(bytes).padStart(9)} at once${kib(lazyBytes).padStart(10)} when needed`);
  }
  console.log(`${sizes.length} bundles in ${((performance.now() - before) / 1000).toFixed(2)} s: ${FUNCTIONS_FOLDER}`);
}
