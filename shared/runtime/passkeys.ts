/** WebAuthn, by @simplewebauthn/server; loaded when the first passkey is shown, for most answers need none. */

import { messageOf } from '../domain/error.ts';
import type { Log } from '../ports/outside.ts';
import type { Passkeys } from '../ports/passkeys.ts';

const base64urlOf = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url');

/** A page within another site's page must not sign, although browsers that cannot say whose page it is let it. */
function isFramed(clientDataJSON: string): boolean {
  const said = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')) as { crossOrigin?: unknown };
  return said.crossOrigin === true;
}

/** What is wrong with a passkey goes to the log, never to whoever showed it. */
export function systemPasskeys(log: Pick<Log, 'warn'>): Passkeys {
  const refused = (thrown: unknown): null => {
    log.warn('a passkey was refused', { why: messageOf(thrown).slice(0, 200) });
    return null;
  };
  return {
    async verifyAssertion(assertion, { challengeHex, origin, rpId, passkey }) {
      try {
        if (isFramed(assertion.clientDataJSON)) return refused('the page is framed');
        const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
        const { id, clientDataJSON, authenticatorData, signature } = assertion;
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          response: {
            ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
            response: { clientDataJSON, authenticatorData, signature },
          },
          expectedChallenge: base64urlOf(challengeHex),
          expectedOrigin: origin,
          expectedRPID: rpId,
          expectedType: 'webauthn.get',
          requireUserVerification: true,
          credential: {
            id: passkey.id,
            publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
            counter: passkey.counter,
          },
        });
        return verified ? { counter: authenticationInfo.newCounter } : refused('the signature does not fit');
      } catch (thrown) {
        return refused(thrown);
      }
    },
    async verifyAttestation({ id, clientDataJSON, attestationObject, transports }, { challengeHex, origin, rpId }) {
      try {
        if (isFramed(clientDataJSON)) return refused('the page is framed');
        const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
        const { verified, registrationInfo } = await verifyRegistrationResponse({
          response: {
            ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
            response: { clientDataJSON, attestationObject },
          },
          expectedChallenge: base64urlOf(challengeHex),
          expectedOrigin: origin,
          expectedRPID: rpId,
          expectedType: 'webauthn.create',
          requireUserVerification: true,
        });
        if (!verified) return refused('the new key does not fit');
        const { credential } = registrationInfo;
        // What the page said its id was must be what the authenticator signed for.
        if (credential.id !== id) return refused('the new key has another id');
        const publicKey = Buffer.from(credential.publicKey).toString('base64url');
        return { id, publicKey, counter: credential.counter, transports };
      } catch (thrown) {
        return refused(thrown);
      }
    },
  };
}
