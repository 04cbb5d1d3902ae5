import { NovaError } from '../domain/error.ts';
import type { Llm } from '../ports/outside.ts';

/** No model is connected. */
export const noLlm: Llm = {
  open: () => Promise.reject(new NovaError('misconfigured', 'no model is connected to this engine')),
};
