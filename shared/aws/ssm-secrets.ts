/** Secrets and plain parameters in SSM, remembered for five minutes. */
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { NovaError } from '../domain/error.ts';
import type { Secrets } from '../ports/outside.ts';
import type { Time } from '../ports/time.ts';
import { errorName, serviceError } from './service-error.ts';

/** `refresh` is for whoever was told that a secret is wrong: it may have been changed a moment ago. */
export type RefreshableSecrets = Secrets & { refresh(name: string): Promise<string> };

export type SsmSecretsOptions = {
  /** `/nova/<stage>/secrets/`. */
  readonly prefix: string;
  readonly time: Time;
};

const CACHE_MS = 300_000;
/** A secret that is really wrong fails every call: one look in this time is enough for all of them. */
const REFRESH_MS = 30_000;

type Kept = { readonly value: Promise<string>; readonly at: number; readonly refreshed: boolean };

export class SsmSecrets implements RefreshableSecrets {
  readonly #client: SSMClient;
  readonly #prefix: string;
  readonly #time: Time;
  readonly #kept = new Map<string, Kept>();

  constructor(client: SSMClient, options: SsmSecretsOptions) {
    this.#client = client;
    this.#prefix = options.prefix.endsWith('/') ? options.prefix : `${options.prefix}/`;
    this.#time = options.time;
  }

  /** @throws NovaError misconfigured when there is none; unavailable when SSM is. */
  get(name: string): Promise<string> {
    const kept = this.#kept.get(name);
    return kept && this.#ageOf(kept) < CACHE_MS ? kept.value : this.#read(name, false);
  }

  /** Reads it anew, unless somebody has just done so. */
  refresh(name: string): Promise<string> {
    const kept = this.#kept.get(name);
    return kept?.refreshed && this.#ageOf(kept) < REFRESH_MS ? kept.value : this.#read(name, true);
  }

  #ageOf(kept: Kept): number {
    return this.#time.now() - kept.at;
  }

  /** Those who ask at the same time share one request; a failed one is not remembered. */
  #read(name: string, refreshed: boolean): Promise<string> {
    const value = readParameter(this.#client, `${this.#prefix}${name}`);
    const mine: Kept = { value, at: this.#time.now(), refreshed };
    this.#kept.set(name, mine);
    value.catch(() => {
      if (this.#kept.get(name) === mine) this.#kept.delete(name);
    });
    return value;
  }
}

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
