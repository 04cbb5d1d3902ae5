/**
 * Asking a model: the question, what it may use at most, and what it used. Nothing here knows a vendor. A bound must be
 * true whatever tokenizer a vendor has: a token is at least one byte of what was sent, and the answer is cut by us.
 */
import { NovaError } from './error.ts';
import { NO_TOKENS, type PriceTable, pricedModel, TOKEN_KINDS, type TokenCounts, tokenItem } from './price-table.ts';
import type { Usage } from './receipt.ts';
import { textBytes } from './table/values.ts';

export type LlmMessage = { readonly role: 'user' | 'assistant'; readonly content: string };

export type LlmRequest = {
  readonly model: string;
  readonly system?: string;
  /** The first and the last are the user's. */
  readonly messages: readonly LlmMessage[];
  readonly maxOutputTokens: number;
  /** Keeps `system` in the vendor's cache for so long: writing it is dearer than input, reading it again a tenth. */
  readonly cache?: '5m' | '1h';
};

/** As a vendor tells it; null where it says nothing. */
export type ToldTokens = { readonly [kind in keyof TokenCounts]: number | null };

export type LlmAnswer = {
  readonly text: string;
  /** Why it ended, in the vendor's words: `end_turn`, `max_tokens`, `refusal` … */
  readonly stop: string;
  /** What was booked. */
  readonly tokens: TokenCounts;
  readonly costMicros: number;
};

export const MAX_OUTPUT_TOKENS = 128_000;
export const MAX_PROMPT_BYTES = 1_000_000;
/** What a vendor adds around a conversation and around each of its messages, generously. */
const AROUND_ALL = 256;
const AROUND_ONE = 32;

/** @throws NovaError bad_input, too_large. The host asks again: it does not trust the process of a run. */
export function assertRequest({ model, system = '', messages, maxOutputTokens }: LlmRequest): void {
  const bad = (what: string): never => {
    throw new NovaError('bad_input', `ctx.llm: ${what}`);
  };
  if (!/^[a-z0-9][\w.:/-]{0,99}$/i.test(model))
    bad('the name of a model is up to 100 letters, digits, dots and dashes');
  if (messages.length === 0 || messages.length > 1_000) bad(`1 to 1000 messages; got ${messages.length}`);
  if (messages[0]?.role !== 'user' || messages.at(-1)?.role !== 'user')
    bad('the first and last message are the user’s');
  if (!Number.isSafeInteger(maxOutputTokens) || maxOutputTokens < 1 || maxOutputTokens > MAX_OUTPUT_TOKENS)
    bad(`maxOutputTokens is 1 to ${MAX_OUTPUT_TOKENS}; got ${maxOutputTokens}`);
  if (messages.some(({ content }) => content.trim() === '')) bad('a message is empty');
  const texts = [system, ...messages.map(({ content }) => content)];
  if (texts.some((text) => !text.isWellFormed())) bad('a text has half a surrogate pair');
  const bytes = texts.reduce((sum, text) => sum + textBytes(text), 0);
  if (bytes > MAX_PROMPT_BYTES)
    throw new NovaError('too_large', `ctx.llm: a prompt has at most ${MAX_PROMPT_BYTES} bytes; got ${bytes}`);
}

/** What the system text and the messages may count as at most. */
export function inputBound({ system = '', messages }: Pick<LlmRequest, 'system' | 'messages'>): number {
  const one = (text: string): number => AROUND_ONE + textBytes(text);
  return messages.reduce((sum, { content }) => sum + one(content), AROUND_ALL + one(system));
}

/** What a request may use at most. All of a cached prompt may have to be written, which is the dearest. */
export function tokenBound(request: LlmRequest): TokenCounts {
  const { cache, maxOutputTokens: output } = request;
  const input = inputBound(request);
  if (cache === undefined) return { ...NO_TOKENS, input, output };
  return { ...NO_TOKENS, [cache === '5m' ? 'cacheWrite5m' : 'cacheWrite1h']: input, output };
}

/**
 * What is booked. A kind that the vendor left out counts as reserved: output as all that was allowed, input as the whole
 * prompt, parts of a cached prompt as what is left of it.
 */
export function bookedTokens(told: ToldTokens, request: LlmRequest): TokenCounts {
  const bound = tokenBound(request);
  const output = told.output ?? bound.output;
  const reasoning = told.reasoning ?? 0;
  const written = (told.cacheWrite5m ?? 0) + (told.cacheWrite1h ?? 0);
  const silent = request.cache !== undefined && told.cacheWrite5m === null && told.cacheWrite1h === null;
  if (told.input === null || silent) return { ...bound, output, reasoning };
  const left = Math.max(0, inputBound(request) - told.input - written);
  return {
    ...{ input: told.input, output, reasoning },
    cacheRead: told.cacheRead ?? (request.cache === undefined ? 0 : left),
    cacheWrite5m: told.cacheWrite5m ?? 0,
    cacheWrite1h: told.cacheWrite1h ?? 0,
  };
}

export const sumTokens = (tokens: TokenCounts): number => TOKEN_KINDS.reduce((sum, kind) => sum + tokens[kind], 0);

/** As lines of a receipt, zeros left out. Reasoning that has no price of its own is output. */
export function usageOfTokens(model: string, tokens: TokenCounts, table: PriceTable): Usage[] {
  const name = pricedModel(model);
  const apart = tokens.reasoning > 0 && hasPrice(table, tokenItem(name, 'reasoning'));
  const counted = apart ? tokens : { ...tokens, output: tokens.output + tokens.reasoning, reasoning: 0 };
  return TOKEN_KINDS.filter((kind) => counted[kind] > 0).map((kind) => {
    return { item: tokenItem(name, kind), quantity: counted[kind] };
  });
}

function hasPrice(table: PriceTable, item: string): boolean {
  try {
    return table.priceOf(item).nanos > 0;
  } catch {
    return false;
  }
}
