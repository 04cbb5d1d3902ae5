/**
 * What people may use of a stage with the command, as data: three rights, each beyond the one before it, as far as
 * policies/people.rego lets the roles of that name go. The data stack makes a managed policy of each and attaches it to
 * nobody; tests carry every command out within them. Whoever restores a table or deploys has other rights than these.
 */
import type { Access, Entity, QueueName, SecretName, Uses } from './topology.ts';

/** operator is for those who answer requests, too: which of the two a person is, the rules say. */
export type PersonRole = 'viewer' | 'operator' | 'admin';

export type PersonUses = Pick<Uses, 'table' | 'attributes' | 'index' | 'sends' | 'auditRoots'> & {
  /** Queues whose messages are counted, dead ones too. */
  readonly counts?: readonly QueueName[];
  /** Queues that dead letters go back to. */
  readonly redrives?: readonly QueueName[];
  /** Names of secrets; a name shows no value. */
  readonly secretNames?: true;
  readonly secrets?: readonly (SecretName | '*')[];
  readonly writesSecrets?: readonly (SecretName | '*')[];
  readonly backups?: readonly ('list' | 'make')[];
};

type Step = { readonly role: PersonRole; readonly uses: PersonUses };

const ALL_QUEUES = ['runs', 'revenue', 'work'] as const satisfies readonly QueueName[];

/** What each has beyond the one before it. The manifest and the public address are for all of them. */
const STEPS: readonly Step[] = [
  {
    role: 'viewer',
    uses: {
      table: {
        agent: ['read'],
        spec: ['read'],
        fleet: ['read'],
        page: ['read'],
        receipt: ['read'],
        late: ['read'],
        // What an agent remembers; its last tasks.
        state: ['read'],
        day: ['read'],
        limit: ['read'],
        calendar: ['read'],
        budget: ['read'],
        entry: ['read'],
        decision: ['read'],
        // Of tokens and codes it holds hashes alone, and those of codes are made with the pepper.
        approval: ['read'],
        audit: ['read'],
        anchor: ['read'],
        policy: ['read'],
        operator: ['read'],
        halt: ['read'],
        alert: ['read'],
        channel: ['read'],
      },
      index: ['OPEN#decision', 'OPEN#approval', 'DECISION#*', 'APPROVAL#*', 'AUDIT#*', 'ENTRY#*'],
      counts: ALL_QUEUES,
      auditRoots: ['read'],
      secretNames: true,
      backups: ['list'],
    },
  },
  {
    role: 'operator',
    uses: {
      table: {
        agent: ['put', 'update'],
        spec: ['put'],
        fleet: ['update'],
        // What a new agent may spend.
        limit: ['update'],
        budget: ['check'],
        entry: ['put', 'update'],
        // Those that follow from a pass of the rules, and the answers of approvers.
        decision: ['put', 'update'],
        lock: ['read', 'update'],
        approval: ['put', 'update'],
        request: ['read', 'put'],
        // What the months should bring stands beside the policy: these attributes and no other.
        policy: ['update'],
        halt: ['check', 'update'],
        alert: ['update'],
        // Added to, as each change is; updated and deleted by nobody.
        audit: ['put'],
        outbox: ['put', 'delete'],
      },
      attributes: { policy: ['monthsMicros', 'start', 'v', 'version', 'auditSeq', 'auditHash'] },
      index: ['ASIDE#*'],
      sends: ALL_QUEUES,
      redrives: ALL_QUEUES,
      secrets: ['stripe-api-key', 'gumroad-access-token', 'gumroad-ping-secret'],
      // The address that Gumroad calls, made when it is connected.
      writesSecrets: ['gumroad-ping-secret'],
    },
  },
  {
    role: 'admin',
    uses: {
      table: {
        limit: ['check'],
        budget: ['put', 'update'],
        policy: ['put', 'update'],
        operator: ['check', 'put', 'update'],
        enrolment: ['put'],
        channel: ['update'],
        request: ['update'],
      },
      index: ['OPEN#request'],
      secrets: ['*'],
      writesSecrets: ['*'],
      backups: ['make'],
    },
  },
];

export const PERSON_ROLES: readonly PersonRole[] = STEPS.map(({ role }) => role);

/** All that a role has: its own step and every one below it. */
export function rightsOf(role: PersonRole): PersonUses {
  const steps = STEPS.slice(0, PERSON_ROLES.indexOf(role) + 1).map(({ uses }) => uses);
  const all = <T>(of: (uses: PersonUses) => readonly T[] | undefined): readonly T[] => [
    ...new Set(steps.flatMap((uses) => of(uses) ?? [])),
  ];
  const entities = all(({ table }) => Object.keys(table) as Entity[]);
  const accesses = (entity: Entity): readonly Access[] => all(({ table }) => table[entity]);
  return {
    table: Object.fromEntries(entities.map((entity) => [entity, accesses(entity)])),
    attributes: attributesOf(steps),
    index: all(({ index }) => index),
    sends: all(({ sends }) => sends),
    auditRoots: all(({ auditRoots }) => auditRoots),
    counts: all(({ counts }) => counts),
    redrives: all(({ redrives }) => redrives),
    secretNames: true,
    secrets: starred(all(({ secrets }) => secrets)),
    writesSecrets: starred(all(({ writesSecrets }) => writesSecrets)),
    backups: all(({ backups }) => backups),
  };
}

const starred = <T>(names: readonly (T | '*')[]): readonly (T | '*')[] => (names.includes('*') ? ['*'] : names);

/** An update stays narrow only as long as no step has it without a word of attributes. */
function attributesOf(steps: readonly PersonUses[]): NonNullable<PersonUses['attributes']> {
  const wide = ({ table, attributes }: PersonUses, entity: Entity): boolean =>
    table[entity]?.includes('update') === true && attributes?.[entity] === undefined;
  const named = steps.flatMap(({ attributes = {} }) => Object.entries(attributes) as [Entity, readonly string[]][]);
  return Object.fromEntries(named.filter(([entity]) => !steps.some((step) => wide(step, entity))));
}
