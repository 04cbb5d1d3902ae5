/** Secrets that are looked for afterwards, in all that something leaves behind. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const CANARIES: Readonly<Record<string, string>> = {
  'approval-pepper': 'canary-pepper-7f3a91c2d4e5b6078',
  'stripe-webhook-secret': 'whsec_canaryHook7f3a91c2d4e5b607',
  'stripe-api-key': 'rk_test_canaryStripe7f3a91c2d4e5b607',
  'gumroad-ping-secret': 'canaryPing7f3a91c2d4e5b6078899aabbccddeeff0',
  'gumroad-access-token': 'canaryGumroad7f3a91c2d4e5b6078899aabb',
  'ledger-hook-secret': 'canaryLedger7f3a91c2d4e5b6078899aabbcc',
  'sendgrid-api-key': 'SG.canary.Mail7f3a91c2d4e5b6078899aabb',
  'anthropic-api-key': 'sk-ant-canaryModel7f3a91c2d4e5b607889',
  'channel-ops': 'https://127.0.0.1:9/services/canarySlack7f3a91c2d4e5b607',
  'channel-n8n': 'canaryWebhook7f3a91c2d4e5b6078899aabbccdd',
  'channel-phone': 'canaryTwilio7f3a91c2d4e5b6078899aabbc',
  'sendgrid-events-key': 'MFkwEwYHcanaryEvents7f3a91c2d4e5b607',
};

/** As it is, and as it may travel. */
export const spellings = (value: string): string[] => [
  value,
  encodeURIComponent(value),
  Buffer.from(value).toString('base64').replace(/=+$/, ''),
  Buffer.from(value).toString('base64url'),
  Buffer.from(value).toString('hex'),
];

export type Artefact = { readonly name: string; readonly text: string };

export function leaks(artefacts: readonly Artefact[], secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([secret, value]) =>
    artefacts
      .filter(({ text }) => spellings(value).some((spelling) => text.includes(spelling)))
      .map(({ name }) => `${secret} is in ${name}`),
  );
}

export function filesIn(folder: string): Artefact[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isFile() ? [{ name, text: readFileSync(path, 'latin1') }] : [];
  });
}
