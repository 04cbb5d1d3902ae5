/** What the agents cost as a share of what they bring in: 5 % is the aim, above 10 % is trouble. */
import { shareBps } from './share.ts';

export const COST_TARGET_BPS = 500;
export const COST_ALERT_BPS = 1000;

export type CostShareStatus = 'healthy' | 'warning' | 'critical' | 'no_revenue';
export type CostShare = { readonly costShareBps: number | null; readonly costStatus: CostShareStatus };

/** Without revenue there is no share, and nothing is healthy about it: 0 % would look like it. */
export function costShareOf(costMicros: number, netMicros: number): CostShare {
  if (netMicros <= 0) return { costShareBps: null, costStatus: 'no_revenue' };
  const share = shareBps(costMicros, netMicros);
  // Compared exactly, not by the rounded share.
  const above = (bps: number): boolean => BigInt(costMicros) * 10_000n > BigInt(netMicros) * BigInt(bps);
  const costStatus = above(COST_ALERT_BPS) ? 'critical' : above(COST_TARGET_BPS) ? 'warning' : 'healthy';
  return { costShareBps: share, costStatus };
}
