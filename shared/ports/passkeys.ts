/** What passkeys prove. The mathematics of WebAuthn is behind it; what is asked for, and of whom, is the store's. */
import type { Passkey } from '../domain/operator.ts';
import type { Assertion, Attestation } from '../wire/passkey.ts';

/** Where the page stands: a passkey works there and nowhere else. */
export type Site = { readonly origin: string; readonly rpId: string };

export type Passkeys = {
  /**
   * What the authenticator counted, when it signed exactly this challenge on this site after it had verified its user, and
   * counts on from what it counted before. null for everything else.
   */
  verifyAssertion(
    assertion: Assertion,
    expected: Site & { readonly challengeHex: string; readonly passkey: Passkey },
  ): Promise<{ readonly counter: number } | null>;
  /** A new passkey's public half, under the same conditions; null for everything else. */
  verifyAttestation(
    attestation: Attestation,
    expected: Site & { readonly challengeHex: string },
  ): Promise<Pick<Passkey, 'id' | 'publicKey' | 'counter' | 'transports'> | null>;
};
