/** Models of Anthropic by its Messages API: one request a call, never repeated here, because every one may be billed. */
import { NovaError } from '../domain/error.ts';
import type { LlmRequest } from '../domain/llm.ts';
import type { Llm, LlmReply, Secrets } from '../ports/outside.ts';
import { anthropicReason, readAnthropicMessage } from '../wire/anthropic.ts';
import { optionalSecret } from './optional-secret.ts';

export const ANTHROPIC_KEY = 'anthropic-api-key';

export type AnthropicOptions = {
  readonly secrets: Secrets;
  /** Another host that speaks the same API; default https://api.anthropic.com. */
  readonly baseUrl?: string;
};

const VERSION = '2023-06-01';
const MAX_ANSWER_BYTES = 8_000_000;

/** Answers that say that the vendor did not begin, and what they mean to us. Any other failure may have been billed. */
const REFUSALS: ReadonlyMap<number, NovaError['code']> = new Map([
  [400, 'bad_input'],
  [401, 'misconfigured'],
  [402, 'misconfigured'],
  [403, 'misconfigured'],
  [404, 'unsupported'],
  [413, 'too_large'],
  [429, 'unavailable'],
  [529, 'unavailable'],
]);

export function anthropic({ secrets, baseUrl = 'https://api.anthropic.com' }: AnthropicOptions): Llm {
  return {
    async open(model) {
      if (!model.startsWith('claude-'))
        throw new NovaError(
          'unsupported',
          `no vendor is connected that has a model "${model}"; claude-… are Anthropic’s`,
        );
      const key = await optionalSecret(secrets, ANTHROPIC_KEY);
      if (key === null)
        throw new NovaError('misconfigured', `there is no ${ANTHROPIC_KEY}: nova secret set ${ANTHROPIC_KEY}`);
      return async (request, { timeoutMs }) => {
        const response = await post(new URL('/v1/messages', baseUrl), { key, body: bodyOf(request), timeoutMs });
        return await replyOf(response, request);
      };
    },
  };
}

/** The request in the vendor's words. */
export function bodyOf({ model, system, messages, maxOutputTokens, cache }: LlmRequest): object {
  const kept = { type: 'text', text: system, cache_control: { type: 'ephemeral', ttl: cache } };
  return {
    ...{ model, max_tokens: maxOutputTokens, messages: messages.map(({ role, content }) => ({ role, content })) },
    ...(system ? { system: cache === undefined ? system : [kept] } : {}),
  };
}

type Post = { readonly key: string; readonly body: object; readonly timeoutMs: number };
type Answer = { readonly status: number; readonly body: unknown };

/** @throws NovaError unavailable when nobody knows what became of it; never with the key or the prompt in the message. */
async function post(url: URL, { key, body, timeoutMs }: Post): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'x-api-key': key, 'anthropic-version': VERSION, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      // A redirect would carry the key elsewhere.
      redirect: 'error',
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    });
    const text = await response.text();
    if (text.length > MAX_ANSWER_BYTES) throw new RangeError('too long');
    return { status: response.status, body: parsed(text) };
  } catch {
    throw new NovaError('unavailable', 'Anthropic gave no answer: what it may have cost stays booked');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function replyOf({ status, body }: Answer, { cache }: LlmRequest): Promise<LlmReply> {
  const code = REFUSALS.get(status);
  const reason = anthropicReason(body);
  const said = `Anthropic answered ${status}${reason ? ` (${reason})` : ''}`;
  if (code !== undefined) return { kind: 'refused', error: new NovaError(code, said) };
  if (status !== 200) throw new NovaError('unavailable', `${said}: what it may have cost stays booked`);
  try {
    return { kind: 'answered', ...readAnthropicMessage(body, cache) };
  } catch {
    throw new NovaError('unavailable', 'Anthropic answered something else than a message: its bound stays booked');
  }
}
