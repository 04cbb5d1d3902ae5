/** What goes into the images: the program, its health check, the process for blueprints, and the Dockerfile of each image. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { ESM_FILES, replaceFolder } from './bundle-files.ts';

export const CONTAINERS_FOLDER = 'dist/containers';
/** One folder per image: the context that it is built from. */
export const IMAGES = ['agent-runner', 'agent-runner-gpu'] as const;
export type Image = (typeof IMAGES)[number];

const ENTRIES = {
  main: 'containers/agent-runner/main.ts',
  check: 'containers/agent-runner/check.ts',
  // As containers/agent-runner/host.ts looks for it.
  blueprints: 'shared/embedded/child-main.ts',
} as const;

/** Bundles the program into every image's folder; answers the files it was made of. */
export async function bundleContainers(): Promise<readonly string[]> {
  const result = await build({
    entryPoints: { ...ENTRIES },
    outdir: CONTAINERS_FOLDER,
    ...ESM_FILES,
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
    replaceFolder(draft, `${CONTAINERS_FOLDER}/${image}`);
  }
  return [...Object.keys(result.metafile.inputs).filter((path) => existsSync(path)), ...dockerfiles];
}
