/** Secrets as their owner sees them: a value goes in, names come out. */
import { DescribeParametersCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { SecretShelf } from '../ports/admin.ts';
import { serviceError } from './service-error.ts';

/** `prefix` is `/nova/<stage>/secrets/`. */
export function ssmShelf(client: SSMClient, prefix: string): SecretShelf {
  const below = { Key: 'Name', Option: 'BeginsWith', Values: [prefix] };
  return {
    async set(name, value) {
      const parameter = { Name: `${prefix}${name}`, Value: value, Type: 'SecureString', Overwrite: true } as const;
      await asked(`write the secret ${name}`, () => client.send(new PutParameterCommand(parameter)));
    },
    async names() {
      const names: string[] = [];
      let token: string | undefined;
      do {
        // Who may ask for parameters by their path may have their values, too; this shows names alone, to whoever may not.
        const page = { ParameterFilters: [below], MaxResults: 50, ...(token ? { NextToken: token } : {}) };
        const answer = await asked('list the secrets', () => client.send(new DescribeParametersCommand(page)));
        names.push(...(answer.Parameters ?? []).flatMap(({ Name }) => (Name ? [Name.slice(prefix.length)] : [])));
        token = answer.NextToken;
      } while (token);
      return names.sort();
    },
  };
}

async function asked<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (thrown) {
    throw serviceError(`SSM could not ${what}`, thrown);
  }
}
