/** What an AWS service threw, as an error with a fate. */
import { type ErrorCode, NovaError } from '../domain/error.ts';

const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/;
const NOT_ALLOWED = /AccessDenied|UnrecognizedClient|ExpiredToken|InvalidSignature|CredentialsProvider|NotAuthorized/;

/** The name of an SDK error ("ConflictException"), or '' for anything else thrown. */
export const errorName = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : '');

/**
 * `codes` by the service's error name come first. Else: throttling, 5xx and the network are unavailable, missing rights
 * are misconfigured, and any other refusal is our bug.
 */
export function serviceError(
  action: string,
  thrown: unknown,
  codes: Readonly<Record<string, ErrorCode>> = {},
): NovaError {
  if (thrown instanceof NovaError) return thrown;
  const name = errorName(thrown);
  const message = `${action}: ${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  return new NovaError(codes[name] ?? generalCode(name, thrown), message, { cause: thrown });
}

function generalCode(name: string, thrown: unknown): ErrorCode {
  if (NOT_ALLOWED.test(name)) return 'misconfigured';
  const status = statusOf(thrown);
  if (THROTTLED.test(name) || status === null || status >= 500) return 'unavailable';
  return 'broken';
}

/** null: no answer came at all. */
function statusOf(thrown: unknown): number | null {
  if (typeof thrown !== 'object' || thrown === null || !('$metadata' in thrown)) return null;
  const metadata = thrown.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return null;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : null;
}
