/** Secrets, remembered for five minutes wherever they are read from. */
import type { Secrets } from '../ports/outside.ts';
import type { Time } from '../ports/time.ts';

const CACHE_MS = 300_000;
/** A secret that is really wrong fails every call: one look in this time is enough for all of them. */
const REFRESH_MS = 30_000;

type Kept = { readonly value: Promise<string>; readonly at: number; readonly refreshed: boolean };

export class CachedSecrets implements Secrets {
  readonly #read: (name: string) => Promise<string>;
  readonly #time: Time;
  readonly #kept = new Map<string, Kept>();

  constructor(read: (name: string) => Promise<string>, time: Time) {
    this.#read = read;
    this.#time = time;
  }

  /** @throws whatever `read` throws. */
  get(name: string): Promise<string> {
    const kept = this.#kept.get(name);
    return kept && this.#ageOf(kept) < CACHE_MS ? kept.value : this.#ask(name, false);
  }

  /** Reads it anew, unless somebody has just done so. */
  refresh(name: string): Promise<string> {
    const kept = this.#kept.get(name);
    return kept?.refreshed && this.#ageOf(kept) < REFRESH_MS ? kept.value : this.#ask(name, true);
  }

  #ageOf(kept: Kept): number {
    return this.#time.now() - kept.at;
  }

  /** Those who ask at the same time share one request; a failed one is not remembered. */
  #ask(name: string, refreshed: boolean): Promise<string> {
    const value = this.#read(name);
    const mine: Kept = { value, at: this.#time.now(), refreshed };
    this.#kept.set(name, mine);
    value.catch(() => {
      if (this.#kept.get(name) === mine) this.#kept.delete(name);
    });
    return value;
  }
}
