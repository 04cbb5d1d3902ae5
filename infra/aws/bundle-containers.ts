/** What goes into the images: one program, the process for blueprints beside it, and the Dockerfile of each image. */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

export const CONTAINERS_FOLDER = 'dist/containers';
/** One folder per image: the context that it is built from. */
export const IMAGES = ['agent-runner', 'agent-runner-gpu'] as const;
export type Image = (typeof IMAGES)[number];

const ENTRIES = {
  main: 'containers/agent-runner/main.ts',
  // As containers/agent-runner/host.ts looks for it.
  blueprints: 'shared/embedded/child-main.ts',
} as const;

/** Bundles the program into every image's folder; answers the files it was made of. */
export async function bundleContainers(): Promise<readonly string[]> {
  const result = await build({
    entryPoints: { ...ENTRIES },
    outdir: CONTAINERS_FOLDER,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
    loader: { '.wasm': 'binary' },
    // Some packages of the SDK's credential chain are CommonJS and ask for Node's own modules at run time.
    banner: {
      js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
    },
  });
  const dockerfiles = IMAGES.map((image) => `containers/${image}/Dockerfile`);
  for (const image of IMAGES) {
    const draft = `${CONTAINERS_FOLDER}/${image}-${process.pid}`;
    mkdirSync(draft, { recursive: true });
    for (const { path, contents } of result.outputFiles) writeFileSync(join(draft, basename(path)), contents);
    copyFileSync(`containers/${image}/Dockerfile`, join(draft, 'Dockerfile'));
    replace(draft, `${CONTAINERS_FOLDER}/${image}`);
  }
  return [...Object.keys(result.metafile.inputs).filter((path) => existsSync(path)), ...dockerfiles];
}

/** Whoever reads finds the old folder or the new one. Of two writers the later one wins. */
function replace(draft: string, folder: string): void {
  const old = `${draft}-old`;
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync(folder)) renameSync(folder, old);
      renameSync(draft, folder);
      break;
    } catch (thrown) {
      // Another bundler moved something between two of our steps.
      if (attempt === 5) throw thrown;
      rmSync(old, { recursive: true, force: true });
    }
  }
  rmSync(old, { recursive: true, force: true });
}
