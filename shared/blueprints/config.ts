/** How a blueprint reads its config: a zod schema, and one error that names everything that is wrong. */
import * as z from 'zod';
import type { JsonObject } from '../domain/agent.ts';
import { messageOf, NovaError } from '../domain/error.ts';
import { usdToMicros } from '../domain/money.ts';

const MAX_NAMED = 10;

/**
 * Reads a config by its schema.
 * @throws NovaError bad_input naming every problem by its path ("outcomes[1].costUsd: …"), ten at most.
 */
export function readConfig<S extends z.ZodType>(schema: S, config: JsonObject): z.infer<S> {
  const read = schema.safeParse(config);
  if (read.success) return read.data;
  const problems = read.error.issues.map((issue) => `${pathOf(issue.path)}: ${issue.message}`);
  const more = problems.length > MAX_NAMED ? ` (and ${problems.length - MAX_NAMED} more)` : '';
  throw new NovaError('bad_input', `config: ${problems.slice(0, MAX_NAMED).join('; ')}${more}`);
}

function pathOf(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return text.replace(/^\./, '') || 'the whole';
}

/** A decimal string of dollars, not negative, read as micro-USD. */
export function usd(): z.ZodType<number, string> {
  return z.string('write an amount as a string, like "0.10"').transform((text, context) => {
    try {
      const micros = usdToMicros(text);
      if (micros >= 0) return micros;
      context.addIssue({ code: 'custom', message: `an amount may not be negative; got "${text}"` });
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
    }
    return z.NEVER;
  });
}
