/**
 * The only reader of the environment. Deployed functions get all they must know through `readEnv`, which checks every
 * asked-for key at once and names what is wrong, never what it holds; people's switches have a getter each.
 */
import * as z from 'zod';
import { NovaError } from '../domain/error.ts';
import { isStageName, STAGE_WORDS } from '../domain/stage-name.ts';
import type { Settings } from '../ports/settings.ts';

const text = z.string().min(1);
const email = z.string().regex(/^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/);
const wholeNumber = z
  .string()
  .regex(/^\d{1,12}$/)
  .transform(Number);
/** A rehearsal in fast motion beats more than once a second. */
const seconds = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,3})?$/)
  .transform(Number);
const timezone = text.refine(isZone);

const SCHEMAS = {
  NOVA_STAGE: z.string().refine(isStageName, STAGE_WORDS),
  NOVA_TIMEZONE: timezone,
  NOVA_CURRENCY: z.string().regex(/^[A-Z]{3}$/),
  NOVA_OWNER_EMAIL: email,
  NOVA_SENDER_EMAIL: email,
  NOVA_COMPUTE_NANOS_PER_SECOND: wholeNumber,
  /** Memory of the function that runs agents, where they run on Lambda. */
  NOVA_RUN_MEMORY_MB: wholeNumber,
  NOVA_LEASE_SECONDS: wholeNumber,
  NOVA_HEARTBEAT_SECONDS: seconds,
  NOVA_TABLE: text,
  NOVA_QUEUE_RUNS: z.url(),
  NOVA_QUEUE_REVENUE: z.url(),
  NOVA_QUEUE_WORK: z.url(),
  /** The queue a function is woken by, and where its poison goes. */
  NOVA_INBOX: z.url(),
  NOVA_DEAD_LETTERS: z.url(),
  NOVA_SCHEDULE_GROUP: text,
  NOVA_SCHEDULE_ROLE_ARN: text,
  NOVA_SCHEDULE_TARGET_ARN: text,
  NOVA_SCHEDULE_DEAD_LETTERS_ARN: text,
  NOVA_PUBLIC_URL_PARAMETER: text,
  NOVA_SECRETS_PREFIX: text,
  /** Comma-separated: secrets that are in Secrets Manager, under the same names. */
  NOVA_ROTATED_SECRETS: text,
  /** Locked against change: the roots of the audit trail. */
  NOVA_AUDIT_BUCKET: text,
  NOVA_EVENT_BUS: text,
  NOVA_CLUSTER: text,
  /** Comma-separated. */
  NOVA_TASK_SUBNETS: text,
  NOVA_TASK_SECURITY_GROUPS: text,
  /** Between SIGTERM and SIGKILL. */
  NOVA_TASK_STOP_SECONDS: seconds,
  NOVA_TASK_PUBLIC_IP: z.enum(['yes', 'no']),
  /** The capacity provider of GPU instances. */
  NOVA_TASK_GPU_PROVIDER: text,
  /** Another host that speaks SendGrid's API: a rehearsal's mail catcher. */
  NOVA_MAIL_URL: z.url(),
  /** Other hosts that speak the vendors' APIs: stand-ins of a test. */
  NOVA_STRIPE_URL: z.url(),
  NOVA_GUMROAD_URL: z.url(),
  NOVA_ANTHROPIC_URL: z.url(),
  /** An OPA server that judges in place of the rules in process. */
  OPA_URL: z.url({ protocol: /^https?$/ }),
} as const;

export type EnvKey = keyof typeof SCHEMAS;
export type Env = { readonly [key in EnvKey]: z.infer<(typeof SCHEMAS)[key]> };
/** What `process.env` looks like. */
export type EnvSource = Readonly<Record<string, string | undefined>>;

export const SETTINGS_KEYS = [
  'NOVA_STAGE',
  'NOVA_TIMEZONE',
  'NOVA_CURRENCY',
  'NOVA_OWNER_EMAIL',
  'NOVA_SENDER_EMAIL',
  'NOVA_COMPUTE_NANOS_PER_SECOND',
  'NOVA_LEASE_SECONDS',
  'NOVA_HEARTBEAT_SECONDS',
] as const satisfies readonly EnvKey[];

/** The environment of this process, for those who hand it on to `readEnv`. */
export const environment = (): EnvSource => process.env;

const settingsSchema = z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string());

/**
 * The environment of a task: what the platform and its ticket say, over what stands in its one parameter of settings.
 * @throws NovaError misconfigured when that is no JSON of names and texts.
 */
export function taskEnvironment(source: EnvSource = process.env): EnvSource {
  const { NOVA_TASK_SETTINGS: settings, ...told } = source;
  if (settings === undefined) return told;
  const parsed = settingsSchema.safeParse(jsonOrNull(settings));
  if (!parsed.success) throw new NovaError('misconfigured', 'environment: NOVA_TASK_SETTINGS is malformed');
  return { ...parsed.data, ...told };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * The asked-for keys, typed.
 * @throws NovaError misconfigured, with every missing or malformed key by name and without its value.
 */
export function readEnv<Key extends EnvKey>(keys: readonly Key[], source: EnvSource = process.env): Pick<Env, Key> {
  const wrong: string[] = [];
  const found: Partial<Record<EnvKey, unknown>> = {};
  for (const key of new Set<Key>(keys)) {
    const raw = source[key];
    const parsed = raw === undefined || raw === '' ? undefined : SCHEMAS[key].safeParse(raw);
    if (parsed?.success) found[key] = parsed.data;
    else wrong.push(`${key} is ${parsed ? 'malformed' : 'missing'}`);
  }
  if (wrong.length > 0) throw new NovaError('misconfigured', `environment: ${wrong.join('; ')}`);
  return found as Pick<Env, Key>;
}

/** A key that may be absent. @throws NovaError misconfigured when it is there and malformed. */
export function readOptional<Key extends EnvKey>(key: Key, source: EnvSource = process.env): Env[Key] | undefined {
  return source[key] ? readEnv([key], source)[key] : undefined;
}

/** The owner's settings, as the deployment wrote them down. @throws NovaError misconfigured. */
export function settingsFrom(source: EnvSource = process.env): Settings {
  const env = readEnv(SETTINGS_KEYS, source);
  const runMemoryMb = readOptional('NOVA_RUN_MEMORY_MB', source);
  return {
    stage: env.NOVA_STAGE,
    timezone: env.NOVA_TIMEZONE,
    currency: env.NOVA_CURRENCY,
    ownerEmail: env.NOVA_OWNER_EMAIL,
    senderEmail: env.NOVA_SENDER_EMAIL,
    computeNanosPerSecond: env.NOVA_COMPUTE_NANOS_PER_SECOND,
    ...(runMemoryMb === undefined ? {} : { runMemoryMb }),
    leaseSeconds: env.NOVA_LEASE_SECONDS,
    heartbeatSeconds: env.NOVA_HEARTBEAT_SECONDS,
  };
}

/** The same keys the other way round, for whoever starts a process that reads them. */
export function settingsEnv(
  settings: Settings,
): Readonly<Record<(typeof SETTINGS_KEYS)[number], string> & { NOVA_RUN_MEMORY_MB?: string }> {
  return {
    NOVA_STAGE: settings.stage,
    NOVA_TIMEZONE: settings.timezone,
    NOVA_CURRENCY: settings.currency,
    NOVA_OWNER_EMAIL: settings.ownerEmail,
    NOVA_SENDER_EMAIL: settings.senderEmail,
    NOVA_COMPUTE_NANOS_PER_SECOND: String(settings.computeNanosPerSecond),
    ...(settings.runMemoryMb === undefined ? {} : { NOVA_RUN_MEMORY_MB: String(settings.runMemoryMb) }),
    NOVA_LEASE_SECONDS: String(settings.leaseSeconds),
    NOVA_HEARTBEAT_SECONDS: String(settings.heartbeatSeconds),
  };
}

/** Where the local engine keeps its data. */
export const novaHome = (): string => process.env.NOVA_HOME || '.nova';

/** No colours: https://no-color.org, a dumb terminal, or CI. */
export const wantsNoColor = (): boolean =>
  Boolean(process.env.NO_COLOR) || process.env.TERM === 'dumb' || Boolean(process.env.CI);

/** An operator may turn up the log of one function for a while: POWERTOOLS_LOG_LEVEL = INFO. */
export const wantsInfoLogs = (): boolean => ['INFO', 'DEBUG', 'TRACE'].includes(process.env.POWERTOOLS_LOG_LEVEL ?? '');

/** A tool that the user points at, e.g. DYNOXIDE_BIN. */
export function toolPath(name: 'DYNOXIDE_BIN' | 'CHROMIUM_BIN' | 'JAVA_BIN'): string | undefined {
  return process.env[name] || undefined;
}

/** A further folder of packages, for optional ones that a machine keeps elsewhere: /somewhere/node_modules. */
export const extraModules = (): string | undefined => process.env.NOVA_TEST_MODULES || undefined;

/**
 * Points every AWS client of this process at stand-ins. Whatever the user's shell said of AWS is forgotten for good, so
 * that nothing of a rehearsal, however late it opens a client, can reach a real account.
 */
export function pointAwsAt(standIns: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, standIns);
}

/** Where programs are looked for. */
export const searchPath = (): string => process.env.PATH ?? '';

const HARMLESS = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot'] as const;

/**
 * The environment of a child process: what a program needs to start, plus `extra`. Nothing else is inherited, so that
 * no key or secret of the user's shell reaches a blueprint.
 */
export function childEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const inherited = HARMLESS.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), ...extra };
}

/** The environment of a tool that speaks to AWS for the person who started it: theirs, with whatever names their credentials. */
export const cloudEnv = (): NodeJS.ProcessEnv => ({ ...process.env });

function isZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
