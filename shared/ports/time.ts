/** Epoch milliseconds everywhere inside; ISO 8601 strings on the wire. */
export type Time = { now(): number };

/** Fresh identities; the only source of randomness for ids. */
export type Ids = {
  /** 26 characters, sortable by time. */
  ulid(): string;
  /** `bytes` random bytes from a cryptographic source, base64url. */
  token(bytes: number): string;
  /** A decimal code of `digits` digits from a cryptographic source. */
  code(digits: number): string;
};

/** Hashes, as lower-case hex. */
export type Hashing = {
  sha256(text: string): string;
  hmacSha256(secret: string, text: string): string;
};

/** What keeps a lease while a long run goes on. Under a clock that a caller owns it never beats. */
export type Heart = {
  /** Beats until the answer is called. A beat that fails is the beater's own business. */
  every(milliseconds: number, beat: () => void): () => void;
};
