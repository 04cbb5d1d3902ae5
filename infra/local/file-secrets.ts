/** Secrets of the local engine: one 0600 file that only the engine reads. A child never sees it. */
import { randomBytes } from 'node:crypto';
import { NovaError } from '../../shared/domain/error.ts';
import type { Secrets } from '../../shared/ports/outside.ts';
import { readJson, writePrivately } from './home.ts';

export type FileSecrets = Secrets & {
  set(name: string, value: string): Promise<void>;
  names(): Promise<readonly string[]>;
};

const NAME = /^[a-z][a-z0-9-]{1,62}$/;

/** Made at the first start, so that the system works with no key and no account. */
const GENERATED: Record<string, () => string> = {
  'approval-pepper': () => randomBytes(32).toString('base64url'),
  'stripe-webhook-secret': () => `whsec_${randomBytes(24).toString('base64url')}`,
  'sendgrid-api-key': () => `SG.local.${randomBytes(16).toString('base64url')}`,
};

export function fileSecrets(path: string): FileSecrets {
  const secrets = new Map(Object.entries(storedSecrets(path)));
  const save = (): void => writePrivately(path, `${JSON.stringify(Object.fromEntries(secrets), null, 2)}\n`);
  for (const [name, make] of Object.entries(GENERATED)) if (!secrets.has(name)) secrets.set(name, make());
  save();
  return {
    async get(name) {
      const value = secrets.get(name);
      if (!value)
        throw new NovaError('misconfigured', `there is no secret "${name}"; set it with: nova secret set ${name}`);
      return value;
    },
    async set(name, value) {
      if (!NAME.test(name))
        throw new NovaError('bad_input', `a secret's name is like stripe-webhook-secret; got "${name}"`);
      if (!value.trim()) throw new NovaError('bad_input', `the secret "${name}" needs a value`);
      secrets.set(name, value.trim());
      save();
    },
    names: async () => [...secrets.keys()].sort(),
  };
}

/** Never begun anew over what cannot be read: the codes in mails that are under way hang on it. */
function storedSecrets(path: string): Record<string, string> {
  const stored = readJson(path) ?? {};
  const texts = typeof stored === 'object' && !Array.isArray(stored) ? Object.values(stored) : [null];
  if (!texts.every((value) => typeof value === 'string')) {
    throw new NovaError('corrupt', `${path} is damaged: expected an object of texts`);
  }
  return stored as Record<string, string>;
}
