/** What stands between a command and an account, and what to do about it. Loads no AWS client. */
import { messageOf, NovaError } from '../shared/domain/error.ts';

export const REGION_FIX = 'export AWS_REGION=eu-central-1, or name a profile that has one: AWS_PROFILE';
export const LOGIN_FIX = 'aws sso login, or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: what the AWS SDK takes';

/** What a command on a stage meets before it has asked anything, with what to do. @throws NovaError always. */
export function withFix(thrown: unknown): never {
  const said = messageOf(thrown);
  if (/Region is missing/.test(said)) throw new NovaError('misconfigured', `no AWS region is set → ${REGION_FIX}`);
  if (/CredentialsProvider|ExpiredToken|UnrecognizedClient|InvalidClientToken/.test(said))
    throw new NovaError('misconfigured', `AWS knows no credentials of yours → ${LOGIN_FIX}`, { cause: thrown });
  throw thrown;
}
