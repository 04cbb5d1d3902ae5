/** What Anthropic's Messages API answers, as far as we read it. What a usage block leaves out or spoils is null, never 0. */
import * as z from 'zod';
import type { ToldTokens } from '../domain/llm.ts';

const count = z.int().min(0).nullish().catch(null);

const Usage = z
  .object({
    input_tokens: count,
    output_tokens: count,
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
    cache_creation: z
      .object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count })
      .nullish()
      .catch(null),
  })
  .nullish()
  .catch(null);

const Message = z.object({
  type: z.literal('message'),
  content: z.array(z.object({ type: z.string(), text: z.string().optional() })),
  stop_reason: z.string().nullish(),
  usage: Usage,
});

const Refusal = z.object({ error: z.object({ type: z.string(), message: z.string() }) });

export type AnthropicMessage = { readonly text: string; readonly stop: string; readonly told: ToldTokens };

/** @throws ZodError for something that is no message. `ttl` is what was asked for: without its own breakdown all is that. */
export function readAnthropicMessage(body: unknown, ttl: '5m' | '1h' | undefined): AnthropicMessage {
  const { content, stop_reason: stop, usage } = Message.parse(body);
  const text = content.flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : [])).join('');
  return { text, stop: stop ?? 'unknown', told: toldBy(usage, ttl) };
}

function toldBy(usage: z.infer<typeof Usage>, ttl: '5m' | '1h' | undefined): ToldTokens {
  const written = usage?.cache_creation_input_tokens ?? null;
  const split = usage?.cache_creation;
  const [short, long] = [split?.ephemeral_5m_input_tokens ?? null, split?.ephemeral_1h_input_tokens ?? null];
  // The sum counts where the breakdown is missing or says less.
  const whole = short === null || long === null || short + long !== (written ?? short + long);
  return {
    input: usage?.input_tokens ?? null,
    output: usage?.output_tokens ?? null,
    cacheRead: usage?.cache_read_input_tokens ?? null,
    cacheWrite5m: whole ? (ttl === '1h' ? 0 : written) : short,
    cacheWrite1h: whole ? (ttl === '1h' ? written : 0) : long,
    // It is part of the output, and billed as such.
    reasoning: 0,
  };
}

/** The vendor's reason, in one line; '' when it gives none. */
export function anthropicReason(body: unknown): string {
  const { data } = Refusal.safeParse(body);
  return data ? `${data.error.type}: ${data.error.message}`.replace(/\s+/g, ' ').slice(0, 300) : '';
}
