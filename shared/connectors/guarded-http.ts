/**
 * The guarded way out. Whatever a run asks for: only public addresses, checked again at every redirect and at the
 * socket; bounded in time and size; polite (robots.txt, one request a second and host, Retry-After); no cookies.
 */
import { Agent } from 'undici';
import { NovaError } from '../domain/error.ts';
import type { Http, HttpResponse } from '../ports/outside.ts';
import { type AddressRules, allowedUrl, hostOf, type Resolve } from './address-guard.ts';
import { type ConnectOptions, guardedConnect } from './guarded-connect.ts';
import { type Answer, REDIRECTS, requestOnce } from './http-request.ts';
import { type BodyLimit, readText, textType } from './page-body.ts';
import { PoliteLimits } from './polite-limits.ts';
import { MAX_ROBOTS_BYTES, Robots } from './robots.ts';

export type HttpLimits = {
  /** Network time of one `get`, redirects included; waiting for a turn is not counted. */
  readonly totalMs: number;
  readonly connectMs: number;
  /** Without a byte. */
  readonly idleMs: number;
  readonly headerBytes: number;
  readonly bodyBytes: number;
  readonly redirects: number;
  readonly intervalMs: number;
  /** For a turn. */
  readonly waitMs: number;
};

export const HTTP_LIMITS: HttpLimits = {
  totalMs: 15_000,
  connectMs: 5_000,
  idleMs: 5_000,
  headerBytes: 16_384,
  bodyBytes: 5_000_000,
  redirects: 5,
  intervalMs: 1_000,
  waitMs: 30_000,
};

export type GuardedHttpOptions = {
  /** An address (mail or page) under which the owner of this robot can be reached: part of its name. */
  readonly contact: string;
  /** Our own names with everything below them. */
  readonly ownHosts?: readonly string[];
  /** "host:port" that may be reached whatever it is: for tests alone. */
  readonly allowHosts?: readonly string[];
  readonly limits?: Partial<HttpLimits>;
  readonly resolve?: Resolve;
  readonly dial?: NonNullable<ConnectOptions['dial']>;
  now?(): number;
};

const ROBOT = 'NovaOS-Bot';

/** Makes the port; `close` ends its idle connections. */
export function guardedHttp(options: GuardedHttpOptions): Http & { close(): Promise<void> } {
  const reader = new GuardedReader(options);
  return {
    get: (url, { timeoutMs } = {}) => reader.get(url, timeoutMs),
    close: () => reader.close(),
  };
}

/** What is left of a `get`: network time and redirects. */
type Trip = { leftMs: number; redirects: number; readonly limit: BodyLimit; readonly robots: boolean };

class GuardedReader {
  readonly #limits: HttpLimits;
  readonly #rules: AddressRules;
  readonly #agent: Agent;
  readonly #userAgent: string;
  readonly #polite: PoliteLimits;
  readonly #robots: Robots;

  constructor({ contact, ownHosts = [], allowHosts = [], limits, resolve, dial, now = Date.now }: GuardedHttpOptions) {
    this.#limits = { ...HTTP_LIMITS, ...limits };
    this.#rules = { ownHosts, allowHosts };
    this.#userAgent = `${ROBOT}/1.0 (+${contact.replace(/[^\x21-\x7e]/g, '')})`;
    this.#polite = new PoliteLimits(now);
    this.#robots = new Robots(ROBOT, now);
    const { connectMs, headerBytes, idleMs } = this.#limits;
    this.#agent = new Agent({
      connections: 1,
      pipelining: 1,
      maxHeaderSize: headerBytes,
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
      connect: guardedConnect({ rules: this.#rules, connectMs, ...(resolve && { resolve }), ...(dial && { dial }) }),
    });
  }

  async get(text: string, timeoutMs?: number): Promise<HttpResponse> {
    const limit: BodyLimit = { maxBytes: this.#limits.bodyBytes, beyond: 'refuse' };
    const leftMs = Math.min(this.#limits.totalMs, timeoutMs ?? Number.POSITIVE_INFINITY);
    const answer = await this.#travel(text, { leftMs, redirects: this.#limits.redirects, limit, robots: true });
    const contentType = answer.headers.get('content-type') ?? '';
    const empty = answer.bytes.length === 0;
    const type = empty && contentType === '' ? '' : textType(contentType);
    const body = readText(answer.bytes, contentType);
    if (saysNoAi(answer.headers, type, body))
      throw new NovaError('denied', `${answer.url.host} asks robots like us not to read this page`);
    const { status, url } = answer;
    return { status, url: url.href, contentType: type, body, notModified: status === 304 };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** Goes where redirects lead, every stop checked like the first. */
  async #travel(text: string, trip: Trip): Promise<Answer> {
    for (let next = text; ; ) {
      const url = allowedUrl(next, this.#rules);
      const answer = await this.#stop(url, trip);
      const target = REDIRECTS.has(answer.status) ? answer.headers.get('location') : undefined;
      if (target === undefined) return answer;
      if (trip.redirects === 0) throw new NovaError('denied', `${url.host} redirects too often`);
      trip.redirects -= 1;
      next = redirectTarget(url, target);
    }
  }

  async #stop(url: URL, trip: Trip): Promise<Answer> {
    const { intervalMs, waitMs } = this.#limits;
    const crawlDelayMs = trip.robots ? await this.#askRobots(url) : 0;
    const patience = { intervalMs: Math.max(intervalMs, crawlDelayMs), waitMs };
    return this.#polite.inTurn(hostOf(url), patience, async () => {
      const started = performance.now();
      const { userAgent, anyType } = { userAgent: this.#userAgent, anyType: !trip.robots };
      const answer = await requestOnce(this.#agent, url, {
        userAgent,
        anyType,
        totalMs: trip.leftMs,
        body: trip.limit,
      });
      trip.leftMs -= performance.now() - started;
      this.#mindManners(url, answer);
      return answer;
    });
  }

  #mindManners(url: URL, { status, headers }: Answer): void {
    const retryAfter = headers.get('retry-after');
    if (status === 429 || (status === 503 && retryAfter !== undefined)) {
      this.#polite.askedToWait(hostOf(url), retryAfter ?? '');
    }
  }

  async #askRobots(url: URL): Promise<number> {
    const { allowed, crawlDelayMs, trouble } = await this.#robots.judge(url, async (robotsUrl) => {
      const limit: BodyLimit = { maxBytes: MAX_ROBOTS_BYTES, beyond: 'cut' };
      const { totalMs, redirects } = this.#limits;
      const answer = await this.#travel(robotsUrl, { leftMs: totalMs, redirects, limit, robots: false });
      return { status: answer.status, text: answer.bytes.toString('utf8') };
    });
    if (trouble !== undefined) {
      throw new NovaError('unavailable', `robots.txt of ${url.host} cannot be read, so nothing else is: ${trouble}`);
    }
    if (!allowed) throw new NovaError('denied', `robots.txt of ${url.host} does not allow this page`);
    return crawlDelayMs;
  }
}

/** Relative to where it came from; a step down from https is not taken. Everything else is judged like a first URL. */
function redirectTarget(from: URL, location: string): string {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch (cause) {
    throw new NovaError('denied', `${from.host} redirects to what is no address`, { cause });
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new NovaError('denied', `${from.host} redirects from https to http`);
  }
  return to.href;
}

/** A page that asks not to be used by such as us: X-Robots-Tag or a meta tag with "noai". */
function saysNoAi(headers: ReadonlyMap<string, string>, type: string, body: string): boolean {
  if (/\bnoai\b/i.test(headers.get('x-robots-tag') ?? '')) return true;
  if (type !== 'text/html' && type !== 'application/xhtml+xml') return false;
  const tags = body.slice(0, 65_536).match(/<meta[^>]{0,500}>/gi) ?? [];
  return tags.some((tag) => /\bname\s*=\s*["']?robots\b/i.test(tag) && /\bnoai\b/i.test(tag));
}
