/** The compiled rules as they lie in policies/. A bundle carries them inside: infra/aws/bundle-plugins.ts. */
import { readFile } from 'node:fs/promises';

export async function readArtifact(): Promise<Uint8Array> {
  return readFile(new URL('../../policies/authz.wasm', import.meta.url));
}
