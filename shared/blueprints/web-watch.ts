/** web.watch: reads pages politely, picks out parts by CSS selector, reports what changed since the last run. */
import * as z from 'zod';
import type { Blueprint, RunAnswer, RunContext } from '../domain/ctx.ts';
import { messageOf } from '../domain/error.ts';
import { type Change, Summary, summarise, summaryTokens } from './change-summary.ts';
import { readConfig } from './config.ts';

/** What is kept of a page between runs, so that the state stays small: 20 pages × 40 texts × 200 characters. */
const MAX_TEXTS = 40;
const MAX_TEXT = 200;
const MAX_SHOWN = 5;
/** A page of twenty thousand elements is a very long one; beyond that lies what was built to hold a parser up. */
const MAX_ELEMENTS = 50_000;

const Page = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'a full address, like https://example.com/prices' }).max(2_000),
  selector: z.string().trim().min(1, 'a CSS selector, like "h1" or ".price"').max(500),
  name: z.string().trim().min(1).max(80).optional(),
});

const Config = z
  .strictObject({
    pages: z.array(Page).min(1, 'at least one page'),
    maxPages: z.int().min(1).max(20).default(10),
    summary: Summary.optional(),
  })
  .superRefine(({ pages, maxPages }, context) => {
    if (pages.length <= maxPages) return;
    const message = `${pages.length} pages, but maxPages allows ${maxPages} (20 at most)`;
    context.addIssue({ code: 'custom', path: ['pages'], message });
  });
type Page = z.infer<typeof Page>;
type Config = z.infer<typeof Config>;

/** `hash` is over everything that was found; `texts` are the first of it, cut, for showing what changed. */
const Seen = z.object({ hash: z.string(), texts: z.array(z.string()) });
const Memory = z.object({ v: z.literal(1), pages: z.record(z.string(), Seen) });
type Seen = z.infer<typeof Seen>;
type Verdict = { readonly seen: Seen; readonly change: Change | null };

export const blueprint: Blueprint<Config> = {
  name: 'web.watch',
  version: 1,
  description: 'Watches pages: picks out parts by CSS selector and reports what changed since the last run.',
  department: 'research',
  configHelp: {
    pages: 'list of {"url":"https://example.com/","selector":"h1","name":"front page"}',
    maxPages: 'how many pages are allowed, 10 unless told, 20 at most',
    summary: '{"model":"claude-haiku-4-5","maxCostUsd":"0.02"}: a model puts changes into a sentence; none unless told',
  },
  parseConfig: (config) => readConfig(Config, config),
  limits: ({ pages, summary }) => {
    const timeoutSeconds = Math.min(280, 30 + 15 * pages.length + (summary ? 30 : 0));
    if (!summary) return { costMicros: 0, timeoutSeconds };
    return { costMicros: summary.maxCostUsd, tokens: summaryTokens(summary), timeoutSeconds };
  },
  // Most of the time nothing on a page changes.
  repeats: () => ['input', 'outcome'],
  async run(ctx, { pages, summary }) {
    const mine = pages.filter((_, index) => index % ctx.instance.count === ctx.instance.number % ctx.instance.count);
    return watch(ctx, mine, summary);
  },
};

async function watch(ctx: RunContext, pages: readonly Page[], summary: Summary | undefined): Promise<RunAnswer> {
  const before = Memory.safeParse(ctx.state.get()).data?.pages ?? {};
  const after: Record<string, Seen> = {};
  const failed: string[] = [];
  const changes: Change[] = [];
  for (const page of pages) {
    const key = `${page.selector} @ ${page.url}`;
    const old = before[key];
    try {
      const { seen, change } = await look(ctx, page, old);
      after[key] = seen;
      if (change) changes.push(change);
    } catch (error) {
      if (old) after[key] = old;
      failed.push(nameOf(page));
      ctx.log(`could not look at ${nameOf(page)}: ${messageOf(error)}`, { url: page.url });
    }
  }
  ctx.state.set({ v: 1, pages: after });
  const looked = pages.length - failed.length;
  const trouble = failed.length > 0 ? `, ${failed.length} failed (${failed[0]})` : '';
  const told = summary && changes.length > 0 ? await summarise(ctx, summary, changes) : null;
  const counted = `${changes.length} of ${pages.length} pages changed${trouble}`;
  return { ok: looked > 0 || pages.length === 0, summary: told === null ? counted : `${counted}: ${told}` };
}

async function look(ctx: RunContext, page: Page, old: Seen | undefined): Promise<Verdict> {
  const { status, body } = await ctx.http.get(page.url);
  if (status < 200 || status > 299) throw new Error(`the server answered ${status}`);
  const found = await extract(body, page.selector);
  if (found.length === 0) throw new Error(`nothing on the page matches "${page.selector}"`);
  const seen = { hash: await hashOf(found), texts: found.slice(0, MAX_TEXTS).map((text) => text.slice(0, MAX_TEXT)) };
  if (!old) {
    ctx.log(`first look at ${nameOf(page)}`, { url: page.url, found: seen.texts.slice(0, MAX_SHOWN) });
    return { seen, change: null };
  }
  if (old.hash === seen.hash) return { seen: old, change: null };
  const added = without(seen.texts, old.texts).slice(0, MAX_SHOWN);
  const removed = without(old.texts, seen.texts).slice(0, MAX_SHOWN);
  ctx.log(`${nameOf(page)} changed`, { url: page.url, added, removed });
  return { seen, change: { page: nameOf(page), added, removed } };
}

/** The texts of all matches, white space folded. What a reader does not see (scripts, styles) is taken out first. */
async function extract(html: string, selector: string): Promise<readonly string[]> {
  const elements = html.match(/<[a-z]/gi)?.length ?? 0;
  if (elements > MAX_ELEMENTS) throw new Error(`the page has ${elements} elements; ${MAX_ELEMENTS} are read at most`);
  const { load } = await import('cheerio/slim');
  // Under one root: with many elements at the top the time to select grows with their square.
  const $ = load(/<html[\s>]/i.test(html) ? html : `<html>${html}</html>`);
  $('script, style, noscript, template').remove();
  const texts: string[] = [];
  for (const element of $(selector)) {
    const text = $(element).text().replace(/\s+/g, ' ').trim();
    if (text !== '') texts.push(text);
  }
  return texts;
}

async function hashOf(texts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(texts)));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What is in `texts` more often than in `others`, in order. */
function without(texts: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const text of others) left.set(text, (left.get(text) ?? 0) + 1);
  return texts.filter((text) => {
    const count = left.get(text) ?? 0;
    if (count > 0) left.set(text, count - 1);
    return count === 0;
  });
}

function nameOf(page: Page): string {
  return page.name ?? page.url;
}
