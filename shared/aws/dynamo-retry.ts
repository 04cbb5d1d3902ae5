/** Which failures of DynamoDB may be tried again, and how long to wait before. */
import { messageOf, NovaError } from '../domain/error.ts';

/** Refused before it did anything. */
const REFUSED = new Set([
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'TransactionConflictException',
  'TransactionInProgressException',
  'ReplicatedWriteConflictException',
]);
const REFUSED_REASONS = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);
/** A wrong clock, a credential, a table that is not there: no retry helps. */
const CALLER =
  /^(AccessDenied|ResourceNotFound|UnrecognizedClient|InvalidSignature|ExpiredToken|MissingAuthentication|CredentialsProvider)/;

export type Failed = 'condition' | 'refused' | 'unclear' | 'invalid' | 'unusable';

type Reason = { readonly Code?: string; readonly Message?: string };
type Thrown = { readonly name?: string; readonly message?: string; readonly CancellationReasons?: readonly Reason[] };

/** `unclear`: it may have happened (time-out, broken connection, internal error). */
export function failureOf(error: unknown): Failed {
  const { name = '' } = error as Thrown;
  if (name === 'ConditionalCheckFailedException') return 'condition';
  if (name === 'TransactionCanceledException') return cancellationOf(reasonsOf(error));
  if (REFUSED.has(name)) return 'refused';
  if (name === 'ValidationException' || name === 'ItemCollectionSizeLimitExceededException') return 'invalid';
  return CALLER.test(name) ? 'unusable' : 'unclear';
}

/** A conflict hides whether the other conditions hold, so it comes first: asked again, the answer is complete. */
function cancellationOf(reasons: readonly Reason[]): Failed {
  if (reasons.some(({ Code }) => Code !== undefined && REFUSED_REASONS.has(Code))) return 'refused';
  return reasons.some(({ Code }) => Code === 'ValidationError') ? 'invalid' : 'condition';
}

export const reasonsOf = (error: unknown): readonly Reason[] => (error as Thrown).CancellationReasons ?? [];

/** What the caller gets for a failure that is no refused condition. */
export function novaErrorOf(error: unknown): NovaError {
  const failed = failureOf(error);
  const text = [messageOf(error), ...reasonsOf(error).map(({ Message }) => Message)].filter(Boolean).join('; ');
  if (failed === 'invalid') {
    const tooLarge = /size.*exceeded|exceeded.*size|too large|4 ?MB/i.test(text);
    return new NovaError(tooLarge ? 'too_large' : 'bad_input', `DynamoDB refused: ${text}`, { cause: error });
  }
  if (failed === 'unusable')
    return new NovaError('misconfigured', `DynamoDB cannot be used: ${text}`, { cause: error });
  return new NovaError('unavailable', `DynamoDB did not answer: ${text}`, { cause: error });
}

/** For `catch`. @throws NovaError always. */
export function rethrow(error: unknown): never {
  throw novaErrorOf(error);
}

export type Retries = {
  /** Tries in all, when every one was refused. */
  readonly tries: number;
  /** Tries in all, once an answer was unclear: each may have waited for its time-out. */
  readonly unclearTries: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** 0 to 1: the jitter. */
  readonly fraction: () => number;
  readonly wait: (ms: number) => Promise<void>;
};

export const DEFAULT_RETRIES: Retries = {
  tries: 10,
  unclearTries: 3,
  firstDelayMs: 20,
  maxDelayMs: 1_000,
  fraction: Math.random,
  wait: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
};

/**
 * Tries again what was refused, and what is unclear when `repeatable`, after a delay drawn from 0 to twice the last bound
 * (full jitter). The last error is thrown as it came.
 */
export async function retried<T>(send: () => Promise<T>, retries: Retries, repeatable: boolean): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const failed = failureOf(error);
      const unclear = failed === 'unclear' && repeatable ? retries.unclearTries : 0;
      if (attempt >= (failed === 'refused' ? retries.tries : unclear)) throw error;
    }
    const most = Math.min(retries.maxDelayMs, retries.firstDelayMs * 2 ** (attempt - 1));
    await retries.wait(retries.fraction() * most);
  }
}
