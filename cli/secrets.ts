/** Values of secrets come from a hidden prompt, standard input or a file; never from the command line. */
import { readFileSync } from 'node:fs';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import type { Here } from './command.ts';

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** What a parameter of AWS's standard tier holds. */
const MAX_BYTES = 4096;

/**
 * Secrets of which two are valid while they are rotated: whoever signs with the old one is still heard. Of the others the
 * new one takes the place of the old at once.
 */
export const TWO_LIVE: readonly string[] = ['stripe-webhook-secret', 'gumroad-ping-secret', 'ledger-hook-secret'];

/** Secrets that are ours alone: nobody has to be told, so we make them. */
export const OURS: readonly string[] = ['gumroad-ping-secret', 'ledger-hook-secret', 'approval-pepper'];

/** @throws NovaError bad_input, too_large. */
export async function typedSecret(name: string, file: string | undefined, here: Here): Promise<string> {
  secretName(name);
  const value = (await typedValue(name, file, here)).replace(/\r?\n$/, '');
  const bytes = Buffer.byteLength(value);
  if (bytes === 0) throw new NovaError('bad_input', 'the value is empty; nothing was changed');
  if (bytes > MAX_BYTES) throw new NovaError('too_large', `a secret has at most ${MAX_BYTES} bytes; got ${bytes}`);
  return value;
}

/** @throws NovaError bad_input. */
export function secretName(name: string): string {
  if (NAME.test(name)) return name;
  throw new NovaError('bad_input', `a secret's name is lower-case letters, digits and dashes; got "${name}"`);
}

async function typedValue(name: string, file: string | undefined, { terminal }: Here): Promise<string> {
  if (file === undefined)
    return terminal.inIsTty ? terminal.ask(`value of ${name}: `, { hidden: true }) : terminal.readAll();
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new NovaError('bad_input', `the file "${file}" cannot be read: ${messageOf(thrown)}`);
  }
}
