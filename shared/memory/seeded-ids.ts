import type { Ids, Time } from '../ports/time.ts';
import { dice } from './dice.ts';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** The last character carries fewer bits when the bytes do not fill it: it is one of every so many. */
const SPARE = [1, 16, 4] as const;
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Ids that a seed repeats: for tests and simulations, never for a secret. Without `time` all carry time 0. */
export function seededIds(seed: number, time?: Time): Ids {
  const { below } = dice(seed);
  const draw = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[below(alphabet.length)]).join('');
  let count = 0;
  return {
    // 10 characters of time, 6 of a counter, which keeps ids of one millisecond in order, and 10 drawn ones.
    ulid: () => base32(time?.now() ?? 0, 10) + base32(++count, 6) + draw(CROCKFORD, 10),
    token(bytes) {
      const step = SPARE[bytes % 3] ?? 1;
      return draw(BASE64URL, Math.ceil((bytes * 4) / 3) - 1) + BASE64URL[below(64 / step) * step];
    },
    code: (digits) => draw('0123456789', digits),
  };
}

function base32(value: number, length: number): string {
  let text = '';
  let rest = Math.trunc(value);
  for (let i = 0; i < length; i++) {
    text = CROCKFORD[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
