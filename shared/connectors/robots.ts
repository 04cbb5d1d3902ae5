/** robots.txt (RFC 9309): asked once a day and origin; none is a yes, a broken one is a no. */
import { messageOf, NovaError } from '../domain/error.ts';

/** RFC 9309, 2.5: at least 500 KiB have to be read; the rest is not. */
export const MAX_ROBOTS_BYTES = 512_000;
const MAX_LINES = 5_000;
const MAX_LINE = 512;
const MAX_WILDCARDS = 16;
const MAX_CRAWL_DELAY_MS = 30_000;
const MAX_ORIGINS = 1_000;
const KEEP_MS = 86_400_000;
/** A server in trouble is asked again sooner. */
const KEEP_TROUBLE_MS = 600_000;

/** `trouble` says why the rules are not known: then nothing is allowed, for now. */
export type RobotsVerdict = { readonly allowed: boolean; readonly crawlDelayMs: number; readonly trouble?: string };
export type RobotsFile = { readonly status: number; readonly text: string };
type Judge = (url: string) => RobotsVerdict;
type Entry = { readonly judge: Promise<Judge>; until: number };

export class Robots {
  readonly #entries = new Map<string, Entry>();
  readonly #agent: string;
  readonly #now: () => number;

  constructor(agent: string, now: () => number) {
    this.#agent = agent;
    this.#now = now;
  }

  /** `read` fetches the file of this origin; that it fails counts as the file of a server in trouble. */
  async judge(url: URL, read: (robotsUrl: string) => Promise<RobotsFile>): Promise<RobotsVerdict> {
    const known = this.#entries.get(url.origin);
    if (known && known.until > this.#now()) return (await known.judge)(url.href);
    if (this.#entries.size >= MAX_ORIGINS) this.#forgetOldest();
    const entry: Entry = { judge: this.#read(url, read, () => entry), until: this.#now() + KEEP_MS };
    this.#entries.set(url.origin, entry);
    return (await entry.judge)(url.href);
  }

  async #read(url: URL, read: (robotsUrl: string) => Promise<RobotsFile>, entry: () => Entry): Promise<Judge> {
    const robotsUrl = `${url.origin}/robots.txt`;
    const file = await read(robotsUrl).catch((error: unknown) => {
      // A place where we may not go at all: say that, and ask again next time.
      entry().until = 0;
      if (error instanceof NovaError && error.code === 'denied') throw error;
      return { status: 599, text: messageOf(error) };
    });
    if (file.status >= 400 && file.status < 500 && file.status !== 429) return () => YES;
    if (file.status >= 200 && file.status < 300) return parse(robotsUrl, file.text, this.#agent);
    entry().until = this.#now() + KEEP_TROUBLE_MS;
    const trouble = file.status === 599 ? file.text : `the server answered ${file.status}`;
    return () => ({ allowed: false, crawlDelayMs: 0, trouble });
  }

  #forgetOldest(): void {
    for (const origin of this.#entries.keys()) {
      this.#entries.delete(origin);
      return;
    }
  }
}

type RobotsParser = (
  url: string,
  text: string,
) => {
  isAllowed(url: string, agent: string): boolean | undefined;
  getCrawlDelay(agent: string): number | undefined;
};

const YES: RobotsVerdict = { allowed: true, crawlDelayMs: 0 };

async function parse(robotsUrl: string, text: string, agent: string): Promise<Judge> {
  // Its types speak of a default export, the module itself is the function.
  const { default: robotsParser } = (await import('robots-parser')) as unknown as { default: RobotsParser };
  const rules = robotsParser(robotsUrl, bounded(text));
  const seconds = rules.getCrawlDelay(agent) ?? 0;
  const crawlDelayMs = seconds > 0 ? Math.min(seconds * 1_000, MAX_CRAWL_DELAY_MS) : 0;
  return (url) => ({ allowed: rules.isAllowed(url, agent) !== false, crawlDelayMs });
}

/** Matching costs pattern × path for every rule: lines that no honest file has are left out. */
function bounded(text: string): string {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/, MAX_LINES)
    .map((line) => line.replace(/\*{2,}/g, '*'));
  return lines.filter((line) => line.length <= MAX_LINE && line.split('*').length <= MAX_WILDCARDS).join('\n');
}
