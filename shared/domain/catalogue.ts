/** What an agent of the blueprint store.digital sells, as its config says it. */
import type { JsonObject } from './agent.ts';
import { campaignTag } from './link-tag.ts';

/** Fields of a product that hold an id of the vendor. */
export const ARTIFACT_FIELDS = [
  'stripeProductId',
  'stripePriceId',
  'stripePaymentLinkId',
  'gumroadProductId',
  'gumroadPermalink',
] as const;

/** Every id of a vendor's in a config, and the campaigns it runs. A config that is no catalogue has none. */
export function catalogueArtifacts(config: JsonObject): string[] {
  const products = Array.isArray(config.products) ? config.products : [];
  const campaigns = Array.isArray(config.campaigns) ? config.campaigns : [];
  const tags = campaigns.flatMap((campaign) => (typeof campaign === 'string' ? [campaignTag(campaign)] : []));
  const ids = products.flatMap((product) =>
    ARTIFACT_FIELDS.flatMap((field) => {
      const id = (product as JsonObject | null)?.[field];
      return typeof id === 'string' ? [id] : [];
    }),
  );
  return [...ids, ...tags];
}
