/**
 * Whose a movement of money is. In this order: the agent named in its metadata, the buyer's link, a rule for what was
 * sold, the agent that sells it, a rule for all of its source, nobody.
 */
import {
  type Attribution,
  CLAIM_STRENGTH,
  type Claim,
  type LedgerSource,
  type Movement,
  UNATTRIBUTED,
} from '../domain/ledger.ts';
import { campaignsOf, signersOf } from '../domain/link-tag.ts';
import type { Table } from '../ports/table.ts';
import { getAgent } from './agent-store.ts';
import { sellersOf } from './artifact-store.ts';
import { type SplitRule, splitAt } from './split-store.ts';

/** Of a movement, what says whose it is. */
export type Claimed = Pick<Movement, 'source' | 'claim' | 'at' | 'kind' | 'paymentKey'>;

const AGENT_ID = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
/** In basis points. A link can be changed by whoever follows it; a campaign may be anybody's; a rule is a habit. */
const SURE = { metadata: 10_000, signedLink: 8000, campaign: 7000, product: 9000, productRule: 9000, sourceRule: 5000 };

export async function attributionOf(table: Table, claimed: Claimed): Promise<Attribution> {
  const { source, claim } = claimed;
  const { agentId, strength } = claim;
  if (source === 'agent') return { agentId, method: 'declared', confidenceBps: 10_000, strength };
  if (agentId !== null && (await isAgent(table, agentId)))
    return { agentId, method: 'metadata', confidenceBps: SURE.metadata, strength };
  return (
    (await byLink(table, source, claim)) ??
    (await byProductRule(table, claimed)) ??
    (await byProduct(table, source, claim)) ??
    (await bySourceRule(table, claimed)) ??
    UNATTRIBUTED
  );
}

const isAgent = async (table: Table, id: string): Promise<boolean> =>
  AGENT_ID.test(id) && (await getAgent(table, id)) !== null;

async function byLink(table: Table, source: LedgerSource, claim: Claim): Promise<Attribution | null> {
  const { links = [] } = claim;
  const strength = Math.min(claim.strength, CLAIM_STRENGTH.link);
  for (const agentId of signersOf(links)) {
    if (await isAgent(table, agentId)) return { agentId, method: 'link', confidenceBps: SURE.signedLink, strength };
  }
  const [agentId, ...others] = await sellersOf(table, source, campaignsOf(links));
  if (agentId === undefined) return null;
  return { agentId, method: 'link', confidenceBps: others.length === 0 ? SURE.campaign : 5000, strength };
}

async function byProductRule(table: Table, { claim, at, paymentKey }: Claimed): Promise<Attribution | null> {
  if (paymentKey === null) return null;
  const strength = Math.min(claim.strength, CLAIM_STRENGTH.product) + 1;
  for (const target of [...campaignsOf(claim.links ?? []), ...new Set(claim.artifacts)].sort()) {
    const rule = await splitAt(table, target, at);
    if (rule) return split(rule, SURE.productRule, strength);
  }
  return null;
}

async function byProduct(table: Table, source: LedgerSource, claim: Claim): Promise<Attribution | null> {
  const [agentId, ...others] = await sellersOf(table, source, claim.artifacts);
  if (agentId === undefined) return null;
  const strength = Math.min(claim.strength, CLAIM_STRENGTH.product);
  return { agentId, method: 'product', confidenceBps: others.length === 0 ? SURE.product : 5000, strength };
}

/** The rule as it stood at the payment; that of a refund's own time gives way to it. */
async function bySourceRule(table: Table, { source, at, kind, paymentKey }: Claimed): Promise<Attribution | null> {
  if (paymentKey === null) return null;
  const rule = await splitAt(table, source, at);
  const strength = kind === 'revenue' ? CLAIM_STRENGTH.sourceRule : CLAIM_STRENGTH.sourceRuleAfterwards;
  return rule && split(rule, SURE.sourceRule, strength);
}

function split({ target, version, shares }: SplitRule, confidenceBps: number, strength: number): Attribution {
  const rule = `${target} v${version}`;
  return { agentId: null, shares, rule, method: 'split', confidenceBps, strength };
}
