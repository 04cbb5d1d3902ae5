/** What the engine and a function's process say to each other. */
export type ToFunction = { readonly id: number; readonly event: unknown /** Epoch ms. */; readonly deadline: number };

export type FromFunction =
  /** Its module is loaded: the cold start is over. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly errorType: string; readonly errorMessage: string };
