/** Fresh identities from the system's cryptographic source. */
import { getRandomValues, randomBytes, randomInt } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import type { Ids, Time } from '../ports/time.ts';

/** Asked for in stock: a new ulid takes sixteen, and each question to the source costs as much as a hundred numbers. Ulids keep no secret: tokens and codes are drawn fresh. */
const stock = new Uint32Array(512);
let used = stock.length;

/** A fraction in [0, 1): 48 random bits, which a double holds exactly. None is used twice. */
function dice(): number {
  if (used === stock.length) {
    getRandomValues(stock);
    used = 0;
  }
  const [high = 0, low = 0] = stock.subarray(used, used + 2);
  used += 2;
  return ((high >>> 8) * 2 ** 24 + (low >>> 8)) / 2 ** 48;
}

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
