/** Small esbuild plugins: what Lambda runs, and what makes it load fast. */
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

/** The name an entry point has for esbuild: `lambda:<function>`. */
export const ENTRY_PREFIX = 'lambda:';

/**
 * The module that Lambda imports: it opens the job's world while start-up has a whole processor, then answers. Nothing
 * in the source knows of it, so importing a function's file elsewhere opens nothing.
 */
export function warmEntries(entryOf: (name: string) => string): Plugin {
  return {
    name: 'warm-entries',
    setup(build) {
      build.onResolve({ filter: /^lambda:/ }, ({ path }) => ({ path, namespace: 'lambda' }));
      build.onLoad({ filter: /^lambda:/, namespace: 'lambda' }, ({ path }) => ({
        contents: [
          `import { handler } from ${JSON.stringify(resolve(entryOf(path.slice(ENTRY_PREFIX.length))))};`,
          'await handler.warm();',
          'export { handler };',
        ].join('\n'),
        resolveDir: process.cwd(),
        loader: 'js',
      }));
    },
  };
}

/**
 * Node's own modules by `process.getBuiltinModule`: an ESM import of node:http reads every export, among them the
 * getter that loads a whole second HTTP client (27 ms, measured).
 */
export function lazyBuiltins(): Plugin {
  return {
    name: 'lazy-builtins',
    setup(build) {
      build.onResolve({ filter: /^[a-z]/ }, ({ path, namespace }) =>
        namespace !== 'builtin' && isBuiltin(path) ? { path: path.replace(/^node:/, ''), namespace: 'builtin' } : null,
      );
      build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule(${JSON.stringify(`node:${path}`)});`,
        loader: 'js',
      }));
    },
  };
}

/** The compiled rules travel inside the bundle: in the source they are a file beside it. */
export function rulesInside(): Plugin {
  return {
    name: 'rules-inside',
    setup(build) {
      build.onLoad({ filter: /shared[\\/]policy[\\/]artifact\.ts$/ }, ({ path }) => ({
        contents: [
          "import wasm from '../../policies/authz.wasm';",
          'export const readArtifact = async () => wasm;',
        ].join('\n'),
        resolveDir: dirname(path),
        loader: 'js',
      }));
    },
  };
}

/**
 * Nobody asks a schema for its JSON Schema in a function, but every schema of zod carries the way to make one. It stays
 * out (18 KiB), and says so when it is asked for.
 */
export function withoutJsonSchema(): Plugin {
  return {
    name: 'without-json-schema',
    setup(build) {
      build.onLoad({ filter: /zod[\\/]v4[\\/]core[\\/](to-json-schema|json-schema-processors)\.js$/ }, ({ path }) => {
        const names = [...readFileSync(path, 'utf8').matchAll(/^export (?:const|function) (\w+)/gm)].map(
          ([, name]) => name,
        );
        const lines = names.map(
          (name) => `export const ${name} = ${name?.startsWith('create') ? '() => absent' : 'absent'};`,
        );
        const absent = "const absent = () => { throw new Error('JSON Schema is not in this bundle'); };";
        const processed = path.endsWith('to-json-schema.js') ? ['export { absent as process };'] : [];
        return { contents: [absent, ...lines, ...processed].join('\n'), loader: 'js' };
      });
    },
  };
}
