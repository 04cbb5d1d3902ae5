/**
 * What AWS charges in us-east-1, as published. `free` is what every account gets each month without an end; the
 * twelve-month offers of new accounts are not counted. A price without a firm source is marked in its `source`.
 */

export type Price = {
  readonly usd: number;
  readonly per: string;
  readonly free: number;
  readonly source: string;
  readonly date: string;
};

export const PRICES = {
  lambdaRequest: { usd: 0.2e-6, per: 'request', free: 1_000_000, source: 'Lambda price list', date: '2026-09-19' },
  lambdaGbSecondArm: {
    usd: 0.0000133334,
    per: 'GB-second, arm64',
    free: 400_000,
    source: 'Lambda price list',
    date: '2026-09-19',
  },
  sqsRequest: { usd: 0.4e-6, per: 'request of 64 KB', free: 1_000_000, source: 'cloudburn.io', date: '2026-03-14' },
  dynamoReadUnit: { usd: 0.125e-6, per: 'read unit on demand', free: 0, source: 'airbyte.com', date: '2025-07-21' },
  dynamoWriteUnit: { usd: 0.625e-6, per: 'write unit on demand', free: 0, source: 'airbyte.com', date: '2025-07-21' },
  dynamoGbMonth: {
    usd: 0.25,
    per: 'GB-month stored',
    free: 25,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  dynamoPitrGbMonth: {
    usd: 0.2,
    per: 'GB-month of point-in-time recovery',
    free: 0,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  schedulerInvocation: { usd: 1e-6, per: 'invocation', free: 14_000_000, source: 'cloudburn.io', date: '2026-03-13' },
  alarmMetric: { usd: 0.1, per: 'metric of an alarm and month', free: 10, source: 'cloudburn.io', date: '2026-02-01' },
  customMetric: { usd: 0.3, per: 'metric and month', free: 10, source: 'cloudburn.io', date: '2026-02-01' },
  dashboard: { usd: 3, per: 'dashboard and month', free: 3, source: 'duckbillgroup.com', date: '2025-05-01' },
  logGbIn: { usd: 0.5, per: 'GB taken in', free: 5, source: 'duckbillgroup.com', date: '2025-05-01' },
  kmsKey: {
    usd: 1,
    per: 'customer-managed key and month',
    free: 0,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  kmsRequest: {
    usd: 3e-6,
    per: 'request',
    free: 20_000,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  wafAcl: {
    usd: 5,
    per: 'web ACL and month',
    free: 0,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  wafRule: { usd: 1, per: 'rule and month', free: 0, source: 'general knowledge, to be checked', date: '2026-11-20' },
  xrayTrace: {
    usd: 5e-6,
    per: 'trace recorded',
    free: 100_000,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  imageGbMonth: {
    usd: 0.1,
    per: 'GB-month of a private image',
    free: 0,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  natGatewayHour: {
    usd: 0.045,
    per: 'hour of a NAT gateway',
    free: 0,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  publicIpHour: {
    usd: 0.005,
    per: 'hour of a public IPv4 address',
    free: 0,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  endpointHour: {
    usd: 0.01,
    per: 'hour of an interface endpoint in one zone',
    free: 0,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  loadBalancerHour: {
    usd: 0.0225,
    per: 'hour of a load balancer',
    free: 0,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
  secret: {
    usd: 0.4,
    per: 'secret and month',
    free: 0,
    source: 'general knowledge, to be checked',
    date: '2026-11-20',
  },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof PRICES;

/** Long polls of one idle queue: five pollers, three a minute each. Measured and published: $0.26 a month. */
export const IDLE_POLLS_PER_QUEUE = 5 * 3 * 60 * 24 * 30;
