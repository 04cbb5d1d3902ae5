/** What of AWS's SDK a Lambda never needs: esbuild plugins that leave it out, so that the first event waits less. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Plugin } from 'esbuild';
import type { Uses } from '../topology.ts';

/** All of them. A module of the SDK that has moved is bundled as it is: the budget of the bundles notices. */
export const leanSdk = (uses: readonly Uses[]): Plugin[] => [
  onlyBoughtClients(uses),
  credentialsFromEnvironment(),
  listsOfTheirOwn(),
  withoutSpareParts(),
  errorsByName(),
  versionOnly(),
];

/** Clients that only some functions may use, by the word of the topology that grants it. */
const CLIENTS: Readonly<Record<string, keyof Uses>> = {
  '@aws-sdk/client-s3': 'auditRoots',
  '@aws-sdk/client-scheduler': 'schedules',
  '@aws-sdk/client-ecs': 'launches',
  '@aws-sdk/client-eventbridge': 'events',
  // Ours, for what it needs of the table's client.
  './table-marks.ts': 'origin',
};

/**
 * What a function has no right to use it does not carry either: a client that nobody calls would keep alive what only
 * it needs of the modules that all clients share. `uses`: of the functions that are bundled together.
 */
function onlyBoughtClients(uses: readonly Uses[]): Plugin {
  const lacked = (name: string): keyof Uses | undefined => {
    const word = CLIENTS[name];
    return word === undefined || uses.some((one) => one[word]) ? undefined : word;
  };
  return {
    name: 'only-bought-clients',
    setup(build) {
      build.onResolve({ filter: /^@aws-sdk\/client-|\/table-marks\.ts$/ }, ({ path }) =>
        lacked(path) ? { path, namespace: 'not-bought' } : null,
      );
      build.onLoad({ filter: /.*/, namespace: 'not-bought' }, ({ path }) => ({
        contents: `module.exports = {}; throw new Error('${path} is not here: no word ${lacked(path)} in the topology');`,
        loader: 'js',
      }));
    },
  };
}

/**
 * A Lambda always finds its credentials in the environment, and so does a rehearsal: the search through files, sign-on
 * portals and metadata services stays out of the bundle.
 */
function credentialsFromEnvironment(): Plugin {
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

/** Modules that speak REST or XML: clients of S3, STS and the Scheduler, and what only they are made of. */
const REST =
  /@aws-sdk[\\/](client-(s3|sts|scheduler)|middleware-sdk-s3|nested-clients)[\\/]|[\\/]submodules[\\/]cbor[\\/]|protocols[\\/]((xml|query|cbor)[\\/]|json[\\/]\w*(Rest|RpcV2)|HttpBinding)/;

/** What speaks neither JSON nor over one path has no place in the list of the others. */
const ONLY_REST =
  /"\.\/(xml|query|cbor)\/|\/(AwsRestJsonProtocol|AwsSmithyRpcV2\w*|HttpBindingProtocol|SmithyRpcV2\w*|AbstractRpcV2Protocol)"/;

/**
 * The SDK's protocols are a list of re-exports, and esbuild loads with a list whatever any function uses of it. Clients
 * that speak REST or XML get a list of their own: so the table's client does not load their protocols. A client that is
 * taken for another kind does not build.
 */
function listsOfTheirOwn(): Plugin {
  return {
    name: 'lists-of-their-own',
    setup(build) {
      build.onResolve({ filter: /^@(smithy|aws-sdk)\/core\/protocols$/ }, async ({ path, pluginData, ...from }) => {
        if (pluginData === LOOKED_UP || !REST.test(from.importer)) return null;
        const { importer, kind, resolveDir } = from;
        const found = await build.resolve(path, { importer, kind, resolveDir, pluginData: LOOKED_UP });
        return found.errors.length > 0 ? null : { path: found.path, suffix: '?rest', sideEffects: found.sideEffects };
      });
      build.onLoad({ filter: /core[\\/]dist-es[\\/]submodules[\\/]protocols[\\/]index\.js$/ }, ({ path, suffix }) => {
        if (suffix !== '') return null;
        const lines = readFileSync(path, 'utf8').split('\n');
        return { contents: lines.filter((line) => !ONLY_REST.test(line)).join('\n'), loader: 'js' };
      });
    },
  };
}

const LOOKED_UP = 'looked up';

/** Modules that answer for others which never run on Lambda, and what stands in their place. */
const SPARE_PARTS: readonly { readonly module: RegExp; readonly instead: string }[] = [
  // Settings come from the environment, as credentials do: no ~/.aws is looked for.
  {
    module: /shared-ini-file-loader[\\/]loadSharedConfigFiles\.js$/,
    instead: `export { CONFIG_PREFIX_SEPARATOR } from './constants';
      export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`,
  },
  // The region is in the environment, too.
  {
    module: /regionConfig[\\/]getInstanceMetadataRegion\.js$/,
    instead: 'export const getInstanceMetadataRegion = async () => undefined;',
  },
  // For a Node without OpenSSL.
  {
    module: /checksum[\\/](sha256[\\/]Sha256Js|md5[\\/]Md5Js)\.js$/,
    instead: 'export const Sha256Js = undefined; export const Md5Js = undefined;',
  },
  // The table tries once, and others by the standard rules.
  {
    module: /util-retry[\\/]AdaptiveRetryStrategy\.js$/,
    instead: "export { StandardRetryStrategy as AdaptiveRetryStrategy } from './StandardRetryStrategy';",
  },
  // Addresses follow from the region, or from AWS_ENDPOINT_URL: none is asked for and remembered.
  {
    module: /@aws-sdk[\\/]endpoint-cache[\\/]dist-es[\\/]EndpointCache\.js$/,
    instead: 'export class EndpointCache {}',
  },
];

function withoutSpareParts(): Plugin {
  return {
    name: 'without-spare-parts',
    setup(build) {
      for (const { module, instead } of SPARE_PARTS) {
        build.onLoad({ filter: module }, ({ path }) => ({
          contents: instead,
          loader: 'js',
          resolveDir: dirname(path),
        }));
      }
    },
  };
}

/** Errors of the table that say more than their name and a message. */
const TELLING = new Set([
  'DynamoDBServiceException',
  'ConditionalCheckFailedException',
  'TransactionCanceledException',
]);

/**
 * The table's client has a class and a schema for each of forty errors, most of them about backups and replicas. What
 * has none arrives as the base class with its name, and by their names we know them (16 KiB).
 */
function errorsByName(): Plugin {
  return {
    name: 'errors-by-name',
    setup(build) {
      build.onLoad({ filter: /client-dynamodb[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ }, ({ path }) => {
        const schema = /export var (\w+)\$ = \[-3,[^;]*\];\n\w+_registry\.registerError\(\1\$, \1\);\n/g;
        const kept = readFileSync(path, 'utf8').replace(schema, (all, name) => (TELLING.has(name) ? all : ''));
        return { contents: kept, loader: 'js' };
      });
    },
  };
}

/** A client says its version to AWS, and takes it from the whole of its package.json. */
function versionOnly(): Plugin {
  return {
    name: 'version-only',
    setup(build) {
      build.onLoad({ filter: /@aws-sdk[\\/](nested-clients|client-[\w-]+)[\\/]package\.json$/ }, ({ path }) => {
        const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string };
        return { contents: JSON.stringify({ version }), loader: 'json' };
      });
    },
  };
}
