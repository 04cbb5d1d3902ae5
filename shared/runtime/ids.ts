/** Fresh identities from the system's cryptographic source. */
import { getRandomValues, randomBytes, randomInt } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import type { Ids, Time } from '../ports/time.ts';

/** A fraction in [0, 1): 48 random bits, which a double holds exactly. */
const dice = (): number => {
  const [high = 0, low = 0] = getRandomValues(new Uint32Array(2));
  return ((high >>> 8) * 2 ** 24 + (low >>> 8)) / 2 ** 48;
};

/** Ulids grow even within one millisecond of one process. */
export function systemIds(time: Time): Ids {
  const next = monotonicFactory(dice);
  return {
    ulid: () => next(time.now()),
    token: (bytes) => randomBytes(bytes).toString('base64url'),
    code: (digits) =>
      randomInt(0, 10 ** digits)
        .toString()
        .padStart(digits, '0'),
  };
}
