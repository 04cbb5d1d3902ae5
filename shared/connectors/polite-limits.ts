/** Manners: one request at a time and one a second per host, and what a server asks for with Retry-After. */
import { NovaError } from '../domain/error.ts';

const MAX_HOSTS = 1_000;
const MAX_RETRY_AFTER_MS = 86_400_000;
const DEFAULT_RETRY_AFTER_MS = 60_000;

type Host = { tail: Promise<void>; waiting: number; nextAt: number };

export type Patience = {
  /** Least time between the starts of two requests. */
  readonly intervalMs: number;
  /** How long a request may wait for its turn before it is refused. */
  readonly waitMs: number;
};

/** Limits of one process: processes side by side each have their own. */
export class PoliteLimits {
  readonly #hosts = new Map<string, Host>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Does `work` when it is this host's turn.
   * @throws NovaError unavailable when the turn would come too late.
   */
  async inTurn<T>(name: string, { intervalMs, waitMs }: Patience, work: () => Promise<T>): Promise<T> {
    const host = this.#host(name);
    const turn = host.tail;
    let done = () => {};
    const finished = new Promise<void>((resolve) => {
      done = resolve;
    });
    host.tail = turn.then(() => finished);
    host.waiting += 1;
    try {
      const leftMs = await within(turn, waitMs, name);
      await this.#rest(name, host, leftMs);
      host.nextAt = Math.max(host.nextAt, this.#now() + intervalMs);
      return await work();
    } finally {
      host.waiting -= 1;
      done();
    }
  }

  /** A server asked to be left alone: seconds or an HTTP date, read with suspicion (1 s to one day). */
  askedToWait(name: string, retryAfter: string): void {
    const host = this.#host(name);
    host.nextAt = Math.max(host.nextAt, this.#now() + waitOf(retryAfter, this.#now()));
  }

  async #rest(name: string, host: Host, patienceMs: number): Promise<void> {
    const wait = host.nextAt - this.#now();
    if (wait > patienceMs) {
      const until = new Date(host.nextAt).toISOString();
      throw new NovaError('unavailable', `${name} is not to be asked again before ${until}`);
    }
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known) return known;
    if (this.#hosts.size >= MAX_HOSTS) this.#forget();
    const host: Host = { tail: Promise.resolve(), waiting: 0, nextAt: 0 };
    this.#hosts.set(name, host);
    return host;
  }

  #forget(): void {
    const now = this.#now();
    for (const [name, host] of this.#hosts) if (host.waiting === 0 && host.nextAt <= now) this.#hosts.delete(name);
  }
}

/** Milliseconds; what cannot be read counts as a minute. */
export function waitOf(retryAfter: string, now: number): number {
  const text = retryAfter.trim();
  const wanted = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  if (Number.isNaN(wanted) || /^-/.test(text)) return DEFAULT_RETRY_AFTER_MS;
  return Math.min(Math.max(wanted, 1_000), MAX_RETRY_AFTER_MS);
}

/** Milliseconds of patience left when the turn has come. */
async function within(turn: Promise<void>, waitMs: number, name: string): Promise<number> {
  const since = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const tooMany = new NovaError('unavailable', `too many requests wait for ${name}`);
    timer = setTimeout(() => reject(tooMany), waitMs);
  });
  try {
    await Promise.race([turn, late]);
    return waitMs - (performance.now() - since);
  } finally {
    clearTimeout(timer);
  }
}
