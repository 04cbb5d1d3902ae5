/** Gumroad's books: the only word on money that counts, because its pings are not signed. */
import { NovaError } from '../domain/error.ts';
import type { GumroadBooks } from '../ports/books.ts';
import type { Secrets } from '../ports/outside.ts';
import { GumroadSubscriptions, GumroadUser, readGumroadPage, readGumroadSaleBody } from '../wire/gumroad.ts';
import { withFreshSecret } from './fresh-secret.ts';
import { optionalSecret } from './optional-secret.ts';

export const GUMROAD_TOKEN = 'gumroad-access-token';

export type GumroadApiOptions = {
  readonly secrets: Secrets;
  /** Another host that speaks the same API; default https://api.gumroad.com. */
  readonly baseUrl?: string;
  /** Default 4 s: ten pings of one batch must fit into the worker's time. */
  readonly timeoutMs?: number;
};

const MAX_ANSWER_BYTES = 4_000_000;

type Asked = {
  readonly method?: 'GET' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
};

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

export function gumroadBooks(options: GumroadApiOptions): GumroadBooks {
  /** A token that was rotated a moment ago is taken up at its first refusal. */
  const token = { names: [GUMROAD_TOKEN], refusal: 'misconfigured' } as const;
  const ask = (asked: Asked): Promise<Answer> => withFreshSecret(options.secrets, token, () => request(options, asked));
  const need = async (asked: Asked): Promise<Answer['body']> => {
    const { status, body } = await ask(asked);
    if (body.success === true) return body;
    throw new NovaError('misconfigured', `Gumroad refuses ${asked.path} (${status})`);
  };
  return {
    connected: async () => (await optionalSecret(options.secrets, GUMROAD_TOKEN)) !== null,
    async sale(id) {
      const { body } = await ask({ path: `/v2/sales/${encodeURIComponent(id)}` });
      if (body.success === true) return understood(() => readGumroadSaleBody(body.sale));
      // Only its own word counts as a no: any other 404 may be a road that is closed for a while.
      if (/sale was not found/i.test(String(body.message))) return null;
      throw new NovaError('unavailable', 'Gumroad gave no answer about a sale');
    },
    async page({ from, to, after }) {
      const query = { after: from, before: to, ...(after === null ? {} : { page_key: after }) };
      const body = await need({ path: '/v2/sales', query });
      return understood(() => readGumroadPage(body));
    },
    async seller() {
      const body = await need({ path: '/v2/user' });
      const { user } = understood(() => GumroadUser.parse(body));
      const id = user.user_id ?? user.id;
      if (!id) throw new NovaError('unavailable', 'Gumroad does not say who the seller is');
      return { id, name: user.name ?? '' };
    },
    async subscriptions(resource) {
      const body = await need({ path: '/v2/resource_subscriptions', query: { resource_name: resource } });
      return understood(() => GumroadSubscriptions.parse(body)).resource_subscriptions.map((one) => {
        return { id: one.id, resource: one.resource_name, url: one.post_url };
      });
    },
    async subscribe(resource, url) {
      const form = { resource_name: resource, post_url: url };
      await need({ method: 'PUT', path: '/v2/resource_subscriptions', form });
    },
    async unsubscribe(id) {
      await need({ method: 'DELETE', path: `/v2/resource_subscriptions/${encodeURIComponent(id)}` });
    },
  };
}

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new NovaError('bad_input', 'Gumroad answered something else than it should', { cause });
  }
}

/** @throws NovaError unavailable for silence, limits and faults of theirs; misconfigured for a refused token. */
async function request({ secrets, baseUrl, timeoutMs = 4_000 }: GumroadApiOptions, asked: Asked): Promise<Answer> {
  const token = await optionalSecret(secrets, GUMROAD_TOKEN);
  if (token === null) throw new NovaError('misconfigured', `there is no ${GUMROAD_TOKEN}`);
  const url = new URL(asked.path, baseUrl ?? 'https://api.gumroad.com');
  for (const [name, value] of Object.entries(asked.query ?? {})) url.searchParams.set(name, value);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: asked.method ?? 'GET',
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      ...(asked.form ? { body: new URLSearchParams(asked.form) } : {}),
      // A redirect would carry the token elsewhere.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch {
    throw new NovaError('unavailable', 'Gumroad cannot be reached now');
  }
  const { status } = response;
  if (status === 401 || status === 403)
    throw new NovaError('misconfigured', `Gumroad refuses ${GUMROAD_TOKEN} (${status})`);
  if (status === 429 || status >= 500 || text.length > MAX_ANSWER_BYTES)
    throw new NovaError('unavailable', `Gumroad answered ${status}`);
  return { status, body: jsonObject(text, status) };
}

function jsonObject(text: string, status: number): Answer['body'] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Answer['body'];
  } catch {
    // Said below.
  }
  throw new NovaError('unavailable', `Gumroad answered ${status} with something that is not JSON`);
}
