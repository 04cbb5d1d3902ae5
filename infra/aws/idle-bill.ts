/**
 * What a month costs when nothing happens, from the finished templates and the price table: what is billed by existing,
 * what polls, and what the system's own schedules do. Two figures: after the allowances that AWS gives every account
 * each month for ever, and at list price.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IDLE_POLLS_PER_QUEUE, PRICES, type PriceName } from './price-table.ts';

type Properties = Readonly<Record<string, unknown>>;
export type BillTemplate = { readonly Resources: Readonly<Record<string, { Type: string; Properties?: Properties }>> };

export type Usage = { readonly price: PriceName; readonly amount: number; readonly what: string };
export type Line = Usage & { readonly usd: number; readonly listUsd: number };
export type Bill = { readonly lines: readonly Line[]; readonly usd: number; readonly listUsd: number };

const MINUTES_PER_MONTH = 60 * 24 * 30;
const HOURS_PER_MONTH = 24 * 30;
/** A job that finds nothing to do; its reads as test/bench/run-use.test.ts measures a day of all of them: 48,909; the passes note that they ended, the watch that it looked. */
const IDLE_RUN = { seconds: 0.5, readUnits: 32.3, writeUnits: 0.21, logBytes: 600 };
/** Metrics that the sweep publishes for the whole fleet. */
const FLEET_METRICS = 10;
/** Turned away at one address in a month, some 5,000 a day, as the flow log writes them. */
const KNOCKS_GB = 0.02;
/** Assumed, not measured: what ten deployed images take, packed; the registry of the CDK throws none away. */
const IMAGES_GB = { fargate: 1, gpu: 2 };
/** DynamoDB asks for the table's key about every five minutes while it is used. */
const KEY_CALLS = MINUTES_PER_MONTH / 5;

/** Resources that cost nothing as long as nobody uses them. Any other type must be priced first. */
const FREE_AT_REST = new Set([
  'AWS::IAM::InstanceProfile',
  'AWS::Events::Rule',
  'AWS::ECS::ClusterCapacityProviderAssociations',
  'AWS::ECS::Cluster',
  'AWS::ECS::CapacityProvider',
  'AWS::EC2::VPCGatewayAttachment',
  'AWS::EC2::VPC',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::Subnet',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::RouteTable',
  'AWS::EC2::Route',
  'AWS::EC2::InternetGateway',
  'AWS::ApiGateway::Account',
  'AWS::ApiGateway::Deployment',
  'AWS::ApiGateway::GatewayResponse',
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Resource',
  'AWS::ApiGateway::RestApi',
  'AWS::ApiGateway::Stage',
  'AWS::Budgets::Budget',
  'AWS::CDK::Metadata',
  'AWS::Events::EventBus',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Role',
  'AWS::KMS::Alias',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  // A root a day, 200 bytes each: less than a cent in ten years.
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::Logs::QueryDefinition',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::SSM::Parameter',
  'AWS::Scheduler::ScheduleGroup',
  // Only what is blocked is logged.
  'AWS::WAFv2::LoggingConfiguration',
  'AWS::WAFv2::WebACLAssociation',
]);

/** @throws when a template holds a type that nobody has priced. */
export function idleBill(templates: readonly BillTemplate[]): Bill {
  const usages = idleUsages(templates);
  const left = new Map<PriceName, number>(Object.entries(PRICES).map(([name, { free }]) => [name as PriceName, free]));
  const lines = usages.map((usage): Line => {
    const free = Math.min(usage.amount, left.get(usage.price) ?? 0);
    left.set(usage.price, (left.get(usage.price) ?? 0) - free);
    const { usd } = PRICES[usage.price];
    return { ...usage, usd: (usage.amount - free) * usd, listUsd: usage.amount * usd };
  });
  const sum = (pick: (line: Line) => number): number => lines.reduce((total, line) => total + pick(line), 0);
  return { lines, usd: sum(({ usd }) => usd), listUsd: sum(({ listUsd }) => listUsd) };
}

/** What existing uses in a month, before any price. @throws when a template holds a type that nobody has priced. */
export const idleUsages = (templates: readonly BillTemplate[]): Usage[] => [
  ...templates.flatMap(usagesOf),
  ...fleetMetrics,
];

const fleetMetrics: readonly Usage[] = [{ price: 'customMetric', amount: FLEET_METRICS, what: 'fleet metrics' }];

function usagesOf({ Resources }: BillTemplate): Usage[] {
  const callees = new Map(
    Object.entries(Resources).map(([id, { Properties }]) => [
      id,
      { gb: Number(Properties?.MemorySize ?? 128) / 1024, traced: Properties?.TracingConfig !== undefined },
    ]),
  );
  return Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) => {
    const priced = PRICED[Type];
    if (priced) return priced(Properties, callees, id);
    if (FREE_AT_REST.has(Type)) return [];
    throw new Error(`${id}: nobody has said what an idle ${Type} costs (infra/aws/idle-bill.ts)`);
  });
}

type Callees = ReadonlyMap<string, { readonly gb: number; readonly traced: boolean }>;
type Pricer = (properties: Properties, callees: Callees, id: string) => Usage[];

const PRICED: Readonly<Record<string, Pricer>> = {
  'AWS::KMS::Key': (_, __, id) => [
    { price: 'kmsKey', amount: 1, what: id },
    { price: 'kmsRequest', amount: KEY_CALLS, what: 'calls for the table' },
    { price: 'kmsRequest', amount: KEY_CALLS, what: 'calls for the log of the sweep, the one that is written to' },
  ],
  'AWS::DynamoDB::GlobalTable': (_, __, id) => [
    { price: 'dynamoGbMonth', amount: 0.1, what: id },
    { price: 'dynamoPitrGbMonth', amount: 0.1, what: `${id}, recovery` },
  ],
  'AWS::Lambda::EventSourceMapping': (_, __, id) => [
    { price: 'sqsRequest', amount: IDLE_POLLS_PER_QUEUE, what: `polls of ${id}` },
  ],
  'AWS::Scheduler::Schedule': (properties, callees) => schedule(properties, callees),
  'AWS::CloudWatch::Alarm': (properties, _, id) => {
    const metrics = Array.isArray(properties.Metrics) ? properties.Metrics.length : 1;
    return [{ price: 'alarmMetric', amount: metrics, what: id }];
  },
  'AWS::CloudWatch::Dashboard': (_, __, id) => [{ price: 'dashboard', amount: 1, what: id }],
  'AWS::ECS::TaskDefinition': (properties, _, id) => {
    const amount = JSON.stringify(properties).includes('"GPU"') ? IMAGES_GB.gpu : IMAGES_GB.fargate;
    return [{ price: 'imageGbMonth', amount, what: `images of ${id}` }];
  },
  'AWS::EC2::NatGateway': (_, __, id) => [{ price: 'natGatewayHour', amount: HOURS_PER_MONTH, what: id }],
  'AWS::EC2::EIP': (_, __, id) => [{ price: 'publicIpHour', amount: HOURS_PER_MONTH, what: id }],
  // What strangers knock at: nothing while there is no address, and a gateway has one.
  'AWS::EC2::FlowLog': (_, __, id) => [{ price: 'logGbIn', amount: KNOCKS_GB, what: id }],
  'AWS::EC2::VPCEndpoint': ({ VpcEndpointType, SubnetIds }, _, id) =>
    VpcEndpointType === 'Interface'
      ? [
          {
            price: 'endpointHour',
            amount: HOURS_PER_MONTH * (Array.isArray(SubnetIds) ? Math.max(1, SubnetIds.length) : 1),
            what: id,
          },
        ]
      : [],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': (_, __, id) => [
    { price: 'loadBalancerHour', amount: HOURS_PER_MONTH, what: id },
  ],
  'AWS::SecretsManager::Secret': (_, __, id) => [{ price: 'secret', amount: 1, what: id }],
  'AWS::WAFv2::WebACL': (properties, _, id) => [
    { price: 'wafAcl', amount: 1, what: id },
    { price: 'wafRule', amount: Array.isArray(properties.Rules) ? properties.Rules.length : 0, what: `rules of ${id}` },
  ],
};

/** A tick, the invocation it makes, and what that reads and writes. */
function schedule(properties: Properties, callees: Callees): Usage[] {
  const runs = runsPerMonth(String(properties.ScheduleExpression));
  const what = `${properties.Name}`;
  const { gb, traced } = callees.get(targetOf(properties)) ?? { gb: 0.5, traced: false };
  return [
    { price: 'schedulerInvocation', amount: runs, what },
    { price: 'lambdaRequest', amount: runs, what },
    { price: 'lambdaGbSecondArm', amount: runs * gb * IDLE_RUN.seconds, what },
    { price: 'dynamoReadUnit', amount: runs * IDLE_RUN.readUnits, what },
    { price: 'dynamoWriteUnit', amount: runs * IDLE_RUN.writeUnits, what },
    { price: 'logGbIn', amount: (runs * IDLE_RUN.logBytes) / 1e9, what },
    ...(traced ? [{ price: 'xrayTrace', amount: runs, what } as const] : []),
  ];
}

function targetOf(properties: Properties): string {
  const arn = (properties.Target as { Arn?: { 'Fn::GetAtt'?: readonly string[] } } | undefined)?.Arn;
  return arn?.['Fn::GetAtt']?.[0] ?? '';
}

/** Of rate(n unit) and of a cron whose minute (and hour) is one number; anything denser is counted as every minute. */
export function runsPerMonth(expression: string): number {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  const unit = { minute: 1, hour: 60, day: 1440 } as const;
  if (rate) return MINUTES_PER_MONTH / (Number(rate[1]) * unit[rate[2] as keyof typeof unit]);
  const [minute = '', hour = ''] = expression.replace(/^cron\(/, '').split(' ');
  if (!/^\d+$/.test(minute)) return MINUTES_PER_MONTH;
  return MINUTES_PER_MONTH / (/^\d+$/.test(hour) ? 1440 : 60);
}

/** The bill as text: a line for each price, and both sums. */
export function billText({ lines, usd, listUsd }: Bill): string {
  const byPrice = Map.groupBy(lines, ({ price }) => price);
  const rows = [...byPrice].map(([price, of]) => {
    const amount = of.reduce((sum, line) => sum + line.amount, 0);
    const [net, list] = [of.reduce((sum, line) => sum + line.usd, 0), of.reduce((sum, line) => sum + line.listUsd, 0)];
    return `${price.padEnd(22)}${amount.toFixed(amount < 100 ? 2 : 0).padStart(10)} ${dollars(net)} ${dollars(list)}`;
  });
  const head = `${'idle, a month'.padEnd(32)}${'bill'.padStart(10)}${'list price'.padStart(11)}`;
  return [head, ...rows, `${'all'.padEnd(32)} ${dollars(usd)} ${dollars(listUsd)}`].join('\n');
}

const dollars = (usd: number): string => `$${usd.toFixed(3)}`.padStart(9);

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  const folder = process.argv[2] ?? 'cdk.out';
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.template.json')) : [];
  if (files.length === 0) throw new Error(`there is no template in ${folder}: run npm run synth`);
  const templates = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as BillTemplate);
  console.log(billText(idleBill(templates)));
}
