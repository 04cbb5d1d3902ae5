/**
 * What the link through which a buyer came says of whose the sale is. An agent signs its links `nova_<agent>`, with
 * anything after another underscore, in client_reference_id or a utm field (or `utm_source=nova&utm_campaign=<agent>`);
 * any other campaign is a name that a catalogue or a split rule may know. A buyer can change a link: so it weighs less
 * than metadata, and its confidence says so.
 */
export type LinkFields = {
  readonly client_reference_id?: string | null | undefined;
  readonly utm_source?: string | null | undefined;
  readonly utm_campaign?: string | null | undefined;
  readonly utm_content?: string | null | undefined;
};

/** Ids of agents cannot hold an underscore: what follows the next one is the link's own. */
const SIGNED = /^nova_([a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?)(?:_.*)?$/;
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const CAMPAIGN = /^[\w.~ -]{1,150}$/;

const AGENT = 'agent:';
export const CAMPAIGN_PREFIX = 'utm:';

/** `agent:<id>` for links that an agent signed, `utm:<campaign>` for the others; each once, sorted. */
export function linkTags(fields: LinkFields): string[] {
  const { utm_source: source, utm_campaign: campaign } = fields;
  const told = [fields.client_reference_id, campaign, fields.utm_content].map((text) => (text ?? '').trim());
  const signed = told.flatMap((text) => SIGNED.exec(text.toLowerCase())?.[1] ?? []);
  const named = (campaign ?? '').trim().toLowerCase();
  if (source?.trim().toLowerCase() === 'nova' && SLUG.test(named)) signed.push(named);
  const tags = signed.map((id) => `${AGENT}${id}`);
  if (CAMPAIGN.test(named) && signed.length === 0) tags.push(campaignTag(named));
  return [...new Set(tags)].sort();
}

export const campaignTag = (campaign: string): string => `${CAMPAIGN_PREFIX}${campaign.trim().toLowerCase()}`;

/** The tags in the query of an address; none in what is no address. */
export function tagsOfAddress(address: string | null | undefined): string[] {
  const query = /^https?:\/\/[^?#]*\?([^#]*)/.exec(address ?? '')?.[1];
  if (query === undefined) return [];
  const fields = new Map(query.split('&').map(pairOf));
  return linkTags({
    client_reference_id: fields.get('client_reference_id'),
    utm_source: fields.get('utm_source'),
    utm_campaign: fields.get('utm_campaign'),
    utm_content: fields.get('utm_content'),
  });
}

function pairOf(pair: string): [string, string] {
  const [name = '', value = ''] = pair.split('=').map((part) => part.replaceAll('+', ' '));
  try {
    return [decodeURIComponent(name), decodeURIComponent(value)];
  } catch {
    return [name, ''];
  }
}

/** The agents that signed the links, by id. */
export const signersOf = (tags: readonly string[]): string[] =>
  tags.flatMap((tag) => (tag.startsWith(AGENT) ? [tag.slice(AGENT.length)] : []));
export const campaignsOf = (tags: readonly string[]): string[] => tags.filter((tag) => tag.startsWith(CAMPAIGN_PREFIX));
