/** Four small esbuild plugins: what Lambda runs, and what makes it load fast. */
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

/**
 * A Lambda always finds its credentials in the environment, and so does a rehearsal: the search through files, sign-on
 * portals and metadata services stays out of the bundle.
 */
export function credentialsFromEnvironment(): Plugin {
  return {
    name: 'credentials-from-environment',
    setup(build) {
      build.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path, resolveDir }) => ({
        path,
        namespace: 'env-credentials',
        pluginData: resolveDir,
      }));
      build.onLoad({ filter: /.*/, namespace: 'env-credentials' }, ({ pluginData }) => ({
        contents: "import { fromEnv } from '@aws-sdk/credential-provider-env'; export const defaultProvider = fromEnv;",
        resolveDir: String(pluginData),
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
