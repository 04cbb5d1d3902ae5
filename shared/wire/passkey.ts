/** What a browser sends of a passkey: base64url throughout, as PublicKeyCredential has it, without what nobody checks. */
import * as z from 'zod';

const base64url = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[A-Za-z0-9_-]+$/);

/** The credential ids of authenticators have at most 1023 bytes. */
const credentialId = base64url(1364);

/** The answer to a challenge. */
export const Assertion = z.strictObject({
  id: credentialId,
  clientDataJSON: base64url(2048),
  authenticatorData: base64url(2048),
  signature: base64url(1024),
  /** Whose key it is, by the authenticator: the operator's id. */
  userHandle: base64url(88).nullable(),
});
export type Assertion = z.infer<typeof Assertion>;

/** A new key. */
export const Attestation = z.strictObject({
  id: credentialId,
  clientDataJSON: base64url(2048),
  attestationObject: base64url(8192),
  transports: z.array(z.string().regex(/^[a-z-]{1,20}$/)).max(8),
});
export type Attestation = z.infer<typeof Attestation>;

/** `<issued, base36 ms>.<16 random bytes>.<HMAC>`: ours, fresh, and for one request alone. */
export const NONCE = /^[0-9a-z]{1,11}\.[A-Za-z0-9_-]{22}\.[0-9a-f]{64}$/;
