/** Parameters in SSM. */
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { NovaError } from '../domain/error.ts';
import { errorName, serviceError } from './service-error.ts';

/** @throws NovaError misconfigured when there is no such parameter; unavailable when SSM is. */
export async function readParameter(client: SSMClient, name: string): Promise<string> {
  try {
    const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
    if (Parameter?.Value) return Parameter.Value;
  } catch (thrown) {
    if (errorName(thrown) !== 'ParameterNotFound') throw serviceError(`SSM parameter ${name}`, thrown);
  }
  throw new NovaError('misconfigured', `the SSM parameter ${name} is missing or empty: set it before it is needed`);
}
