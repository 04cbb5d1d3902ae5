/** What an owner decides before a deploy, read from CDK context: cdk.json, or `-c ownerEmail=…`. */
import { isStageName, STAGE_WORDS } from '../../shared/domain/stage-name.ts';

export type Containers = {
  readonly gpu: boolean;
  /** Images in a registry, by digest, instead of ones that are built here. */
  readonly image?: string;
  readonly gpuImage?: string;
  /** Another digest of the CUDA image that the other one is built on, than its Dockerfile has. */
  readonly cudaDigest?: string;
  /** A network of the owner's own, with a way out; tasks get no public address in it. */
  readonly network?: { readonly vpcId: string; readonly subnetIds: readonly string[] };
  /** Private subnets behind a NAT gateway instead of public ones: $36 a month, said at every synthesis. */
  readonly vpc?: boolean;
};

export type Choices = {
  readonly stage: string;
  readonly ownerEmail: string;
  readonly senderEmail: string;
  readonly timezone: string;
  readonly currency: string;
  readonly maxConcurrentRuns: number;
  readonly requestsPerSecond: number;
  readonly monthlyBudgetUsd: number;
  readonly logRetentionDays: number;
  /** A web application firewall before the two public paths: $8 a month, said at every synthesis. */
  readonly waf: boolean;
  /** X-Ray: 100,000 traces a month are free, each further million is $5; absent: none. */
  readonly tracing?: boolean;
  /** The table of the stage when it is not the one of its data stack: one that was restored. */
  readonly table?: string;
  /** An OPA server that judges in place of the rules in the functions; absent: none. */
  readonly opaUrl?: string;
  /** Tasks of agents in containers; absent: functions alone. */
  readonly containers?: Containers;
  /** Choices that still are the examples of cdk.json: such stacks can be looked at, not deployed. */
  readonly examples: readonly ('ownerEmail' | 'senderEmail')[];
};

/** Every wrong choice at once. */
export class ContextError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `The context is not complete (cdk.json, or -c name=value):\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
    this.name = 'ContextError';
    this.problems = problems;
  }
}

type Read = (name: string) => unknown;
/** A reader of one choice: its value, or the sentence that says what it must be. */
type Rule<T> = (value: unknown) => { readonly value: T } | { readonly must: string };

const EMAIL = /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/;
/** The domain that RFC 2606 keeps for examples. */
const EXAMPLE = /@example\.(com|org|net)$/;
const RETENTIONS = [7, 14, 30, 60, 90, 180, 365];

const matching =
  (pattern: RegExp, must: string): Rule<string> =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? { value } : { must };

const whole =
  (least: number, most: number): Rule<number> =>
  (value) => {
    const number = typeof value === 'number' ? value : Number.parseInt(String(value), 10);
    const fits = String(value) === String(number) && number >= least && number <= most;
    return fits ? { value: number } : { must: `a whole number from ${least} to ${most}` };
  };

const zone: Rule<string> = (value) => {
  try {
    if (typeof value === 'string' && value)
      return { value: new Intl.DateTimeFormat('en', { timeZone: value }) && value };
  } catch {
    // Falls through to the sentence.
  }
  return { must: 'an IANA time zone such as Europe/Berlin' };
};

const yesNo: Rule<boolean> = (value) =>
  value === true || value === false || value === 'true' || value === 'false'
    ? { value: String(value) === 'true' }
    : { must: 'true or false' };

const retention: Rule<number> = (value) =>
  RETENTIONS.includes(Number(value)) ? { value: Number(value) } : { must: `one of ${RETENTIONS.join(', ')}` };

const stageName: Rule<string> = (value) =>
  typeof value === 'string' && isStageName(value) ? { value } : { must: STAGE_WORDS };

const RULES = {
  stage: stageName,
  ownerEmail: matching(EMAIL, 'the address that gets approvals and alarms'),
  senderEmail: matching(EMAIL, 'the verified address that mails come from'),
  timezone: zone,
  currency: matching(/^[A-Z]{3}$/, 'an ISO 4217 code such as EUR'),
  maxConcurrentRuns: whole(2, 1000),
  requestsPerSecond: whole(1, 1000),
  monthlyBudgetUsd: whole(1, 1_000_000),
  logRetentionDays: retention,
  waf: yesNo,
} as const;

/** @throws ContextError that lists every missing or wrong choice. */
export function choicesFrom(read: Read): Choices {
  const problems: string[] = [];
  const take = <T>(name: keyof typeof RULES, rule: Rule<T>): T | undefined => {
    const raw = read(name);
    const result = rule(raw);
    if ('value' in result) return result.value;
    problems.push(
      raw === undefined
        ? `${name} is missing: ${result.must}`
        : `${name} must be ${result.must}; got ${JSON.stringify(raw)}`,
    );
    return undefined;
  };
  const taken = {
    stage: take('stage', RULES.stage),
    ownerEmail: take('ownerEmail', RULES.ownerEmail),
    senderEmail: take('senderEmail', RULES.senderEmail),
    timezone: take('timezone', RULES.timezone),
    currency: take('currency', RULES.currency),
    maxConcurrentRuns: take('maxConcurrentRuns', RULES.maxConcurrentRuns),
    requestsPerSecond: take('requestsPerSecond', RULES.requestsPerSecond),
    monthlyBudgetUsd: take('monthlyBudgetUsd', RULES.monthlyBudgetUsd),
    logRetentionDays: take('logRetentionDays', RULES.logRetentionDays),
    waf: take('waf', RULES.waf),
  };
  if (!isComplete(taken)) throw new ContextError(problems);
  const opaUrl = read('opaUrl');
  if (opaUrl !== undefined && opaUrl !== '' && !isHttpUrl(opaUrl)) {
    throw new ContextError([`opaUrl must be an http(s) address; got ${JSON.stringify(opaUrl)}`]);
  }
  const table = tableFrom(read('table'), taken.stage);
  const tracing = yesNo(read('tracing') ?? false);
  if ('must' in tracing) throw new ContextError([`tracing must be ${tracing.must}`]);
  const containers = containersFrom(read);
  const examples = (['ownerEmail', 'senderEmail'] as const).filter((name) => EXAMPLE.test(taken[name]));
  return {
    ...taken,
    examples,
    ...(isHttpUrl(opaUrl) ? { opaUrl } : {}),
    ...(tracing.value ? { tracing: true } : {}),
    ...(table === undefined ? {} : { table }),
    ...(containers ? { containers } : {}),
  };
}

/** Restored tables are named after their stage: the key of the stage is for those alone. */
function tableFrom(table: unknown, stage: string): string | undefined {
  if (table === undefined || table === '' || table === `nova-${stage}`) return undefined;
  if (typeof table === 'string' && table.startsWith(`nova-${stage}-`) && /^[\w.-]{3,255}$/.test(table)) return table;
  throw new ContextError([`table must begin with nova-${stage}- and be a restored one; got ${JSON.stringify(table)}`]);
}

const isHttpUrl = (value: unknown): value is string =>
  typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value);

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const BY_DIGEST = /^[\w.:/-]+@sha256:[0-9a-f]{64}$/;
const SUBNETS = /^subnet-[0-9a-f]+(,subnet-[0-9a-f]+)*$/;

/** What each further choice about containers must look like. */
const CONTAINER_RULES = {
  runnerImage: [BY_DIGEST, 'an image by its digest: registry/name@sha256:…'],
  gpuRunnerImage: [BY_DIGEST, 'an image by its digest: registry/name@sha256:…'],
  cudaDigest: [DIGEST, 'sha256: and 64 hexadecimal digits'],
  vpcId: [/^vpc-[0-9a-f]+$/, 'the id of a VPC, with taskSubnets'],
  taskSubnets: [SUBNETS, 'ids of its subnets, with commas between'],
} as const satisfies Record<string, readonly [RegExp, string]>;

/** @throws ContextError. Nothing said of containers: none. */
function containersFrom(read: Read): Containers | undefined {
  const on = yesNo(read('containers') ?? false);
  const gpu = yesNo(read('gpu') ?? false);
  const vpc = yesNo(read('vpc') ?? false);
  const problems = [
    ...('must' in on ? [`containers must be ${on.must}`] : []),
    ...('must' in gpu ? [`gpu must be ${gpu.must}`] : []),
    ...('must' in vpc ? [`vpc must be ${vpc.must}`] : []),
  ];
  const said = (name: keyof typeof CONTAINER_RULES): string | undefined => {
    const value = read(name);
    if (value === undefined || value === '') return undefined;
    const [pattern, must] = CONTAINER_RULES[name];
    if (typeof value === 'string' && pattern.test(value)) return value;
    problems.push(`${name} must be ${must}; got ${JSON.stringify(value)}`);
    return undefined;
  };
  const [image, gpuImage, cudaDigest] = [said('runnerImage'), said('gpuRunnerImage'), said('cudaDigest')];
  const [vpcId, subnets] = [said('vpcId'), said('taskSubnets')];
  if ((vpcId === undefined) !== (subnets === undefined)) problems.push('vpcId and taskSubnets belong together');
  const wantsGpu = 'value' in gpu && gpu.value;
  const wantsVpc = 'value' in vpc && vpc.value;
  if (wantsVpc && vpcId !== undefined) problems.push('vpc makes a network, vpcId takes one that is there: choose');
  if ((wantsVpc || wantsGpu) && 'value' in on && !on.value) problems.push('gpu and vpc are about containers=true');
  if (problems.length > 0) throw new ContextError(problems);
  if (!('value' in on) || !on.value) return undefined;
  return {
    gpu: wantsGpu,
    ...(image === undefined ? {} : { image }),
    ...(gpuImage === undefined ? {} : { gpuImage }),
    ...(cudaDigest === undefined ? {} : { cudaDigest }),
    ...(wantsVpc ? { vpc: true } : {}),
    ...(vpcId && subnets ? { network: { vpcId, subnetIds: subnets.split(',') } } : {}),
  };
}

type Taken = Omit<Choices, 'examples' | 'opaUrl' | 'tracing' | 'containers' | 'table'>;
const isComplete = (taken: { readonly [name in keyof Taken]: Taken[name] | undefined }): taken is Taken =>
  Object.values(taken).every((value) => value !== undefined);
