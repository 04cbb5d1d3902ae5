/** The state of one run: kept as text, so that nobody changes it from afar and "changed" is a comparison. */
import type { Json } from '../domain/agent.ts';
import { NovaError } from '../domain/error.ts';

/** It is one item of the table (400 KB at most, its key and name included), so it is cut well below that. */
export const MAX_STATE_BYTES = 256_000;

/** What the text of a state takes in the table: up to three bytes a character. */
export const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;

export type RunState = {
  get(): Json;
  set(value: Json): void;
  /** The new state when it differs from the old one. */
  changed(): { readonly state: Json } | undefined;
};

export function runState(initial: Json): RunState {
  const before = JSON.stringify(initial);
  let text = before;
  return {
    get: () => JSON.parse(text),
    set(value) {
      const next = textOf(value);
      const bytes = bytesOf(next);
      if (bytes > MAX_STATE_BYTES) {
        const sizes = `${bytes} bytes of JSON; ${MAX_STATE_BYTES} are allowed`;
        throw new NovaError('too_large', `ctx.state.set: ${sizes}`);
      }
      text = next;
    },
    changed: () => (text === before ? undefined : { state: JSON.parse(text) }),
  };
}

function textOf(value: Json): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new NovaError('bad_input', 'ctx.state.set: the value is not JSON', { cause });
  }
  if (text === undefined) throw new NovaError('bad_input', 'ctx.state.set: undefined is not JSON; use null');
  return text;
}
