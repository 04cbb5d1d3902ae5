/** The few secrets that rotate live in Secrets Manager, which makes them at the first deploy and keeps their last version. */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { NovaError } from '../domain/error.ts';
import { errorName, serviceError } from './service-error.ts';

/** @throws NovaError misconfigured when there is none; unavailable when the service is. */
export async function readSecret(client: SecretsManagerClient, id: string): Promise<string> {
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }));
    if (SecretString) return SecretString;
  } catch (thrown) {
    if (errorName(thrown) !== 'ResourceNotFoundException') throw serviceError(`the secret ${id}`, thrown);
  }
  throw new NovaError('misconfigured', `the secret ${id} is missing or empty: deploy the data stack`);
}

export async function writeSecret(client: SecretsManagerClient, id: string, value: string): Promise<void> {
  try {
    await client.send(new PutSecretValueCommand({ SecretId: id, SecretString: value }));
  } catch (thrown) {
    throw serviceError(`Secrets Manager could not write the secret ${id}`, thrown);
  }
}

/** Whether it is there; its value is not asked for. */
export async function hasSecret(client: SecretsManagerClient, id: string): Promise<boolean> {
  try {
    await client.send(new DescribeSecretCommand({ SecretId: id }));
    return true;
  } catch (thrown) {
    if (errorName(thrown) === 'ResourceNotFoundException') return false;
    throw serviceError(`Secrets Manager could not describe the secret ${id}`, thrown);
  }
}
