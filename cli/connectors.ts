/** What a person sees of the vendors that money is heard from, and how one of them is connected. */
import { GUMROAD_PING_SECRET, pingSecrets } from '../shared/connectors/gumroad-hook.ts';
import { NovaError } from '../shared/domain/error.ts';
import { GUMROAD_RESOURCES } from '../shared/domain/gumroad-sale.ts';
import type { Connector } from '../shared/store/connector-store.ts';
import type { Reach } from './command.ts';

/** Names of secrets that a connector needs to hear, and to look into the vendor's books. */
export const CONNECTORS = [
  { id: 'stripe', hears: 'stripe-webhook-secret', reads: 'stripe-api-key', path: '/hooks/stripe' },
  { id: 'gumroad', hears: GUMROAD_PING_SECRET, reads: 'gumroad-access-token', path: '/hooks/gumroad/…' },
  { id: 'ledger', hears: 'ledger-hook-secret', reads: null, path: '/hooks/ledger' },
  { id: 'sendgrid', hears: 'sendgrid-events-key', reads: null, path: '/hooks/sendgrid' },
] as const;

export type ConnectorView = {
  readonly id: string;
  readonly path: string;
  /** Its webhook has a secret. */
  readonly hears: boolean;
  /** Its books can be looked into; null where there are none. */
  readonly reads: boolean | null;
  readonly checkedAt: string | null;
  readonly problem: string;
};

export function connectorViews(secrets: readonly string[], known: readonly Connector[]): ConnectorView[] {
  return CONNECTORS.map(({ id, hears, reads, path }) => {
    const state = known.find(({ source }) => source === id);
    return {
      id,
      path,
      hears: secrets.includes(hears),
      reads: reads === null ? null : secrets.includes(reads),
      checkedAt: state?.checkedAt ? new Date(state.checkedAt).toISOString() : null,
      problem: state?.problem || (state?.warning ?? ''),
    };
  });
}

/** The secrets of Gumroad's address, the newest first; none before it was connected. */
export async function gumroadSecrets({ world, admin }: Reach): Promise<string[]> {
  const names = await admin.secrets.names();
  return names.includes(GUMROAD_PING_SECRET) ? pingSecrets(await world.secrets.get(GUMROAD_PING_SECRET)) : [];
}

/** The same; makes one when there is none. */
export async function ensureGumroadSecrets(reach: Reach): Promise<string[]> {
  const kept = await gumroadSecrets(reach);
  if (kept.length > 0) return kept;
  const fresh = reach.world.ids.token(32);
  await reach.admin.secrets.set(GUMROAD_PING_SECRET, fresh);
  return [fresh];
}

/** What the address of our hook starts with; Gumroad must be able to reach it. @throws NovaError bad_input. */
export async function gumroadAddress({ world }: Reach, given: string | undefined): Promise<string> {
  const base = (given ?? (await world.publicUrl())).replace(/\/+$/, '');
  const url = URL.canParse(base) ? new URL(base) : null;
  if (url?.protocol === 'https:') return `${base}/hooks/gumroad/`;
  throw new NovaError(
    'bad_input',
    `Gumroad must reach the address over https; got "${base}". Give a tunnel's with --url, or rely on the hourly comparison`,
  );
}

export type Subscribed = {
  readonly resource: string;
  /** `kept` was there, `made` is new, `missing` is not there. */
  readonly state: 'kept' | 'made' | 'missing';
};

/** Which of the resources tell us, at any address that is valid now. */
export async function gumroadState(
  { world }: Reach,
  prefix: string,
  secrets: readonly string[],
): Promise<Subscribed[]> {
  const ours = new Set(secrets.map((secret) => `${prefix}${secret}`));
  const found: Subscribed[] = [];
  for (const resource of GUMROAD_RESOURCES) {
    const there = await world.gumroad.subscriptions(resource);
    found.push({ resource, state: there.some(({ url }) => ours.has(url)) ? 'kept' : 'missing' });
  }
  return found;
}

/** Subscribes to what is missing, checks that it is there now, and drops our addresses whose secret has gone. */
export async function subscribeGumroad(
  reach: Reach,
  prefix: string,
  secrets: readonly string[],
): Promise<Subscribed[]> {
  const { gumroad } = reach.world;
  const [newest = ''] = secrets;
  const valid = new Set(secrets.map((secret) => `${prefix}${secret}`));
  const wanted = `${prefix}${newest}`;
  const done: Subscribed[] = [];
  for (const resource of GUMROAD_RESOURCES) {
    const before = await gumroad.subscriptions(resource);
    const there = before.some(({ url }) => url === wanted);
    if (!there) await gumroad.subscribe(resource, wanted);
    const after = there ? before : await gumroad.subscriptions(resource);
    const made = after.some(({ url }) => url === wanted);
    for (const { id, url } of after) if (url.startsWith(prefix) && !valid.has(url)) await gumroad.unsubscribe(id);
    done.push({ resource, state: there ? 'kept' : made ? 'made' : 'missing' });
  }
  return done;
}
