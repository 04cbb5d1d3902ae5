/** GetParameter of SSM: secrets and plain parameters, from wherever this machine keeps them. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../shared/domain/agent.ts';
import { ApiError, type AwsApi } from './api-server.ts';
import { textOf } from './fields.ts';

export type LocalParameter = { readonly value: string; readonly secure: boolean };

/** null: there is no such parameter. */
export type FindParameter = (name: string) => Promise<LocalParameter | null>;

const SERVICE = 'AmazonSSM.';

/** @param find by its whole name: `/nova/<stage>/secrets/<name>`. */
export function ssmApi(find: FindParameter): AwsApi {
  return {
    owns: ({ target }) => target.startsWith(SERVICE),
    answer: async ({ target, body }) => {
      if (target !== `${SERVICE}GetParameter`)
        throw new ApiError('UnknownOperationException', 400, `not imitated on this machine: ${target}`);
      const name = textOf(body, 'Name');
      const found = await find(name);
      if (!found) throw new ApiError('ParameterNotFound', 400, `there is no parameter ${name}`);
      return { Parameter: parameterOf(name, found, body.WithDecryption === true) };
    },
  };
}

/** Who forgets to ask for decryption gets something useless here as well. */
function parameterOf(name: string, { value, secure }: LocalParameter, decrypt: boolean): JsonObject {
  return {
    Name: name,
    Type: secure ? 'SecureString' : 'String',
    Value: secure && !decrypt ? createHash('sha256').update(value).digest('base64') : value,
    Version: 1,
    ARN: `arn:aws:ssm:local:000000000000:parameter${name.startsWith('/') ? '' : '/'}${name}`,
    DataType: 'text',
  };
}
