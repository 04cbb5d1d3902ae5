/** What an agent of the blueprint store.digital sells, as its config says it. */
import type { JsonObject } from './agent.ts';

/** Fields of a product that hold an id of the vendor. */
export const ARTIFACT_FIELDS = [
  'stripeProductId',
  'stripePriceId',
  'stripePaymentLinkId',
  'gumroadProductId',
  'gumroadPermalink',
] as const;

/** Every id of a vendor's in a config: products, prices, payment links. A config that is no catalogue has none. */
export function catalogueArtifacts(config: JsonObject): string[] {
  const products = Array.isArray(config.products) ? config.products : [];
  return products.flatMap((product) =>
    ARTIFACT_FIELDS.flatMap((field) => {
      const id = (product as JsonObject | null)?.[field];
      return typeof id === 'string' ? [id] : [];
    }),
  );
}
