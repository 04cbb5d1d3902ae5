/**
 * Where requests may go. A URL is judged by what WHATWG parsing makes of it (127.1, 0x7f000001 and full-width digits
 * all become 127.0.0.1), an address by what it is and not by how it is written, and a name by every address it has.
 */
import ipaddr from 'ipaddr.js';
import { NovaError } from '../domain/error.ts';

const MAX_URL = 2_048;
const MAX_NAME = 253;
const MAX_LABEL = 63;
const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** Public by its range, but a door to the inside of a cloud: Azure's wire server. */
const DENIED_ADDRESSES = new Set(['168.63.129.16']);
/** Names that no public server has, or that clouds give to their inside. */
const PRIVATE_SUFFIXES = ['localhost', 'local', 'internal', 'intranet', 'lan', 'home.arpa', 'onion', 'test', 'invalid'];

export type AddressRules = {
  /** Our own names (approval page, webhooks) with everything below them: a run must never reach them. */
  readonly ownHosts: readonly string[];
  /** "host:port" that may be reached whatever it is: for tests alone. */
  readonly allowHosts: readonly string[];
};

/** Whether an address is one of the public internet: global unicast, and IPv6 only from 2000::/3. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text) || DENIED_ADDRESSES.has(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || ((address.toByteArray()[0] ?? 0) & 0xe0) === 0x20;
}

/**
 * Reads a URL that may be requested, or says why not. Names are not resolved here: see `publicAddresses`.
 * @throws NovaError bad_input when it is no URL, denied when it must not be requested.
 */
export function allowedUrl(text: string, rules: AddressRules): URL {
  const url = readUrl(text);
  const shown = `${url.protocol}//${url.host}`;
  const deny = (why: string): never => {
    throw new NovaError('denied', `${shown.slice(0, 200)}: ${why}`);
  };
  const wantedPort = PORTS[url.protocol];
  if (!wantedPort) return deny('only http and https are allowed');
  if (url.username || url.password) return deny('an address with a user or password is not allowed');
  const port = url.port || wantedPort;
  if (rules.allowHosts.includes(`${hostOf(url)}:${port}`)) return url;
  if (port !== wantedPort) return deny('only ports 80 (http) and 443 (https) are allowed');
  return denyHost(url, rules, deny);
}

function denyHost(url: URL, rules: AddressRules, deny: (why: string) => never): URL {
  const host = hostOf(url);
  if (ipaddr.isValid(host)) {
    // ::127.0.0.1 and its like have no name of their own in the registries, but lie outside 2000::/3.
    if (!isPublicAddress(host)) return deny('not an address of the public internet');
  } else {
    const labels = host.split('.');
    const wrong = host.length > MAX_NAME || labels.some((label) => label === '' || label.length > MAX_LABEL);
    if (wrong) return deny('not a host name');
    if (labels.length < 2 || under(host, PRIVATE_SUFFIXES)) return deny('not a name of the public internet');
  }
  if (under(host, rules.ownHosts.map(plainName))) return deny('our own addresses are not read by runs');
  return url;
}

/** WHATWG drops tabs and newlines and turns backslashes into slashes: an address that needs that is a trick. */
function readUrl(text: string): URL {
  if (text.length > MAX_URL) throw new NovaError('bad_input', `an address of ${text.length} characters: too long`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0020\u007f\\]/.test(text)) {
    throw new NovaError('bad_input', 'an address may not contain spaces, control characters or backslashes');
  }
  try {
    return new URL(text);
  } catch (cause) {
    throw new NovaError('bad_input', `not an address: "${text.slice(0, 200)}"`, { cause });
  }
}

/** The name or literal of a URL: without brackets, without the dot of the root. */
export function hostOf(url: URL): string {
  return plainName(url.hostname.replace(/^\[|\]$/g, ''));
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function under(host: string, names: readonly string[]): boolean {
  return names.some((name) => host === name || host.endsWith(`.${name}`));
}

export type Resolve = (name: string) => Promise<readonly string[]>;

/**
 * All addresses of a name, IPv4 first, when every one of them is public: one private address among them is a trick or
 * a mistake, and either way not for us.
 * @throws NovaError denied, unavailable.
 */
export async function publicAddresses(name: string, resolve: Resolve): Promise<readonly string[]> {
  const found = await resolve(name).catch((cause: unknown) => {
    throw new NovaError('unavailable', `${name} cannot be resolved`, { cause });
  });
  if (found.length === 0) throw new NovaError('unavailable', `${name} has no address`);
  if (!found.every(isPublicAddress)) throw new NovaError('denied', `${name} leads to an address that is not public`);
  return [...found].sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')));
}
