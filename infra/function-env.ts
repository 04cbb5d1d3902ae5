/**
 * The environment keys that a word in `uses` buys: CDK hands them to the deployed function, a rehearsal to its local
 * process. Pure data in, pure data out.
 */
import type { EnvKey } from '../shared/runtime/env.ts';
import { type FunctionRow, type QueueName, ROTATED_SECRETS, type SecretName } from './topology.ts';

export type FunctionEnv = Readonly<Partial<Record<EnvKey, string>>>;

const QUEUE_KEYS: Readonly<Record<QueueName, EnvKey>> = {
  runs: 'NOVA_QUEUE_RUNS',
  revenue: 'NOVA_QUEUE_REVENUE',
  work: 'NOVA_QUEUE_WORK',
};

const SCHEDULE_KEYS: readonly EnvKey[] = [
  'NOVA_SCHEDULE_GROUP',
  'NOVA_SCHEDULE_ROLE_ARN',
  'NOVA_SCHEDULE_TARGET_ARN',
  'NOVA_SCHEDULE_DEAD_LETTERS_ARN',
];

/** Only a stage with containers has them. */
const TASK_KEYS: readonly EnvKey[] = [
  'NOVA_CLUSTER',
  'NOVA_TASK_SUBNETS',
  'NOVA_TASK_SECURITY_GROUPS',
  'NOVA_TASK_PUBLIC_IP',
  'NOVA_TASK_GPU_PROVIDER',
];

/** What a function is told beside the owner's settings. */
export function keysFor({ uses }: Pick<FunctionRow, 'uses'>): readonly EnvKey[] {
  return [
    ...(Object.keys(uses.table).length > 0 ? (['NOVA_TABLE'] as const) : []),
    ...(uses.sends ?? []).map((name) => QUEUE_KEYS[name]),
    ...(uses.secrets ? (['NOVA_SECRETS_PREFIX'] as const) : []),
    ...(uses.secrets?.some(isRotated) ? (['NOVA_ROTATED_SECRETS'] as const) : []),
    ...(uses.auditRoots ? (['NOVA_AUDIT_BUCKET'] as const) : []),
    ...(uses.events ? (['NOVA_EVENT_BUS'] as const) : []),
    ...(uses.publicUrl ? (['NOVA_PUBLIC_URL_PARAMETER'] as const) : []),
    ...(uses.schedules ? SCHEDULE_KEYS : []),
  ];
}

/** The keys of one function out of all that the stage has: the owner's settings, and a key for each word it uses. */
export function functionEnv(
  row: Pick<FunctionRow, 'name' | 'uses'>,
  all: FunctionEnv,
  settings: FunctionEnv,
): FunctionEnv {
  const keys = keysFor(row);
  const missing = keys.filter((key) => all[key] === undefined);
  if (missing.length > 0) throw new Error(`the stage has nothing for ${missing.join(', ')} of ${row.name}`);
  // Only where the owner named a server: without one the rules come with the function.
  const judged = row.uses.judges && all.OPA_URL !== undefined ? { OPA_URL: all.OPA_URL } : {};
  const tasks = row.uses.launches ? TASK_KEYS.filter((key) => all[key] !== undefined) : [];
  return { ...settings, ...Object.fromEntries([...keys, ...tasks].map((key) => [key, all[key]])), ...judged };
}

const isRotated = (name: SecretName): boolean => ROTATED_SECRETS.includes(name);
