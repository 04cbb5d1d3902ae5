/** Where the two stand-ins of AWS are that come as optional packages: a DynamoDB and an SQS. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { NovaError } from '../../../shared/domain/error.ts';
import { extraModules, toolPath } from '../../../shared/runtime/env.ts';

const require = createRequire(import.meta.url);

/** The folder of an installed package, whatever it exports; null when it is not installed. */
export function packageFolder(name: string): string | null {
  const elsewhere = extraModules();
  const folders = [...(require.resolve.paths(name) ?? []), ...(elsewhere ? [elsewhere] : [])];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(join(path, 'package.json'))) ?? null;
}

/** The dynoxide binary: the one that DYNOXIDE_BIN names, else the package of this platform. */
export function findDynoxide(): string | null {
  const named = toolPath('DYNOXIDE_BIN');
  if (named) return existsSync(named) ? named : null;
  const folder = packageFolder(`@dynoxide/${process.platform}-${process.arch}`);
  return folder && join(folder, 'dynoxide');
}

export const findFauxqs = (): string | null => packageFolder('fauxqs');

export type StandIns = { readonly dynoxide: string; readonly fauxqs: string };

/** What a rehearsal lacks on this machine, in words; null when it has all. */
export function missingStandIns(): string | null {
  const missing = [
    ...(findDynoxide()
      ? []
      : [`the DynamoDB stand-in (@dynoxide/${process.platform}-${process.arch} or DYNOXIDE_BIN)`]),
    ...(findFauxqs() ? [] : ['the SQS stand-in (the package fauxqs)']),
  ];
  return missing.length > 0 ? missing.join(' and ') : null;
}

/** @throws NovaError misconfigured, naming every one that is not there. */
export function standIns(): StandIns {
  const [dynoxide, fauxqs] = [findDynoxide(), findFauxqs()];
  if (dynoxide && fauxqs) return { dynoxide, fauxqs };
  const hint = 'npm ci installs both on linux-x64; the embedded engine needs neither: nova start';
  throw new NovaError('misconfigured', `a rehearsal needs ${missingStandIns()}, which this machine lacks; ${hint}`);
}
