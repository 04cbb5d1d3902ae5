/**
 * Opens sockets for the guarded port, and nothing else does: the address is checked and then dialled as a literal, so
 * that no second look-up can answer differently (DNS rebinding). TLS still checks the certificate against the name.
 */
import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { messageOf, NovaError } from '../domain/error.ts';
import { type AddressRules, isPublicAddress, publicAddresses, type Resolve } from './address-guard.ts';

type Connect = buildConnector.connector;
type Options = Parameters<Connect>[0];
type Socket = Extract<Parameters<Parameters<Connect>[1]>, [null, unknown]>[1];

const MAX_TRIES = 3;

export type ConnectOptions = {
  readonly rules: AddressRules;
  readonly connectMs: number;
  readonly resolve?: Resolve;
  /** Opens a socket to an address that was checked; undici's own unless told. */
  readonly dial?: Connect;
};

export const systemResolve: Resolve = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

/** A connector for undici. */
export function guardedConnect({ rules, connectMs, resolve = systemResolve, dial }: ConnectOptions): Connect {
  const open = dial ?? buildConnector({ timeout: connectMs, autoSelectFamily: false, allowH2: false });
  return (options, callback) => {
    connectChecked(options, { rules, resolve, open }).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error instanceof Error ? error : new Error(messageOf(error)), null),
    );
  };
}

type Parts = { readonly rules: AddressRules; readonly resolve: Resolve; readonly open: Connect };

async function connectChecked(options: Options, { rules, resolve, open }: Parts): Promise<Socket> {
  const host = options.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const port = options.port || (options.protocol === 'https:' ? '443' : '80');
  const addresses = await addressesOf(host, rules.allowHosts.includes(`${host}:${port}`), resolve);
  let last: unknown;
  for (const address of addresses.slice(0, MAX_TRIES)) {
    try {
      return await dialOne(open, pinned(options, host, address));
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function addressesOf(host: string, allowed: boolean, resolve: Resolve): Promise<readonly string[]> {
  if (ipaddr.isValid(host)) {
    if (allowed || isPublicAddress(host)) return [host];
    throw new NovaError('denied', `${host} is not an address of the public internet`);
  }
  return allowed ? resolve(host) : publicAddresses(host, resolve);
}

/** The name stays for TLS (SNI and the certificate); a literal has none. */
function pinned(options: Options, host: string, address: string): Options {
  if (options.protocol !== 'https:' || ipaddr.isValid(host)) return { ...options, hostname: address };
  return { ...options, hostname: address, servername: host };
}

function dialOne(open: Connect, options: Options): Promise<Socket> {
  return new Promise((resolve, reject) => {
    open(options, (...[error, socket]) => (socket ? resolve(socket) : reject(error)));
  });
}
