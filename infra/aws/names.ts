/** Every physical name: a function of the stage and the thing, so that two stages never meet in one account. */
import type { PersonRole } from '../people.ts';
import type { QueueName } from '../topology.ts';

/** The sparse index `ix` of the Table port. */
export const INDEX_NAME = 'by-ix';

export type Names = ReturnType<typeof namesOf>;

/** `table`: one that was restored, and that the stage works on instead of its first one. */
export function namesOf(stage: string, table = `nova-${stage}`) {
  const own = `nova-${stage}`;
  return {
    table,
    key: `alias/${own}`,
    dataStack: `${own}-data`,
    workStack: `${own}-work`,
    queue: (name: QueueName) => `${own}-${name}`,
    deadLetters: (name: QueueName | 'schedules') => `${own}-${name}-dead`,
    function: (name: string) => `${own}-${name}`,
    logGroup: (name: string) => `/nova/${stage}/${name}`,
    /** The schedules of agents; `reconcile` alone makes them. */
    scheduleGroup: own,
    /** The schedules of the system itself. */
    systemGroup: `${own}-system`,
    schedule: (name: string) => `${own}-${name}`,
    api: own,
    alarm: (name: string) => `${own}-${name}`,
    topic: `${own}-alarms`,
    dashboard: (name: string) => `${own}-${name}`,
    query: (name: string) => `${own}/${name}`,
    budget: own,
    cluster: own,
    family: (name: string) => `${own}-${name}`,
    taskSettings: (name: string) => `/nova/${stage}/tasks/${name}`,
    taskRole: (name: string) => `${own}-${name}-task`,
    executionRole: (name: string) => `${own}-${name}-start`,
    /** What people attach to themselves: a permission set knows it by this name. */
    peoplePolicy: (role: PersonRole) => `${own}-${role}`,
    rule: (name: string) => `${own}-${name}`,
    /** Changes, for the owner's own rules. */
    bus: own,
    waf: own,
    keyParameter: `/nova/${stage}/key-arn`,
    publicUrlParameter: `/nova/${stage}/public-url`,
    manifestParameter: `/nova/${stage}/manifest`,
    /** Names of buckets are the world's: the account makes this one's own. */
    auditBucket: (account: string, region: string) => `${own}-audit-${account}-${region}`,
    secretsPrefix: `/nova/${stage}/secrets/`,
  };
}
