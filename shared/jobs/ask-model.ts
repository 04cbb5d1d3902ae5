/** One question to a model, in dollars and tokens. Loaded with the first: most runs ask none. */
import { NovaError } from '../domain/error.ts';
import {
  assertRequest,
  bookedTokens,
  type LlmAnswer,
  type LlmRequest,
  sumTokens,
  type ToldTokens,
  tokenBound,
  usageOfTokens,
} from '../domain/llm.ts';
import { type PriceTable, pricedModel, tokenItem } from '../domain/price-table.ts';
import { receiptOf, tokensIn, type Usage } from '../domain/receipt.ts';

/** The most it may use, every kind of it priced. @throws NovaError bad_input, too_large, unpriced. */
export function questionBound(request: LlmRequest, prices: PriceTable): Usage[] {
  assertRequest(request);
  for (const kind of ['input', 'output'] as const) prices.priceOf(tokenItem(pricedModel(request.model), kind));
  const bound = usageOfTokens(request.model, tokenBound(request), prices);
  receiptOf(bound, prices);
  return bound;
}

type Question = { readonly request: LlmRequest; readonly bound: readonly Usage[]; readonly prices: PriceTable };
type Booked = Pick<LlmAnswer, 'tokens' | 'costMicros'> & { readonly used: Usage[] };

/** What its answer used. @throws NovaError broken when that is more than was possible. */
export function answerUsage(told: ToldTokens, { request, bound, prices }: Question): Booked {
  const tokens = bookedTokens(told, request);
  const used = usageOfTokens(request.model, tokens, prices);
  const costMicros = receiptOf(used, prices).totalMicros;
  if (costMicros <= receiptOf(bound, prices).totalMicros && sumTokens(tokens) <= tokensIn(bound))
    return { tokens, costMicros, used };
  const counted = `${request.model} counted ${sumTokens(tokens)} tokens for ${costMicros} micro-USD`;
  throw new NovaError('broken', `${counted}, ${tokensIn(bound)} tokens were possible: the bound was booked`);
}
