/** What the system says of itself when somebody asks whether it keeps its promises. */
import {
  type Actions,
  assess,
  type ComplianceReport,
  type Fact,
  type Facts,
} from '../shared/domain/compliance/assess.ts';
import { hasRole, isApprover, type Operator } from '../shared/domain/operator.ts';
import { listAnchors, rootsSince } from '../shared/store/anchor-store.ts';
import { auditOfDay } from '../shared/store/audit-store.ts';
import { verifyTrail } from '../shared/store/audit-verify.ts';
import { judged } from '../shared/store/authorize.ts';
import { getLimit } from '../shared/store/budget-store.ts';
import { listOperators } from '../shared/store/operator-store.ts';
import type { Reach } from './command.ts';
import { lastDays } from './days.ts';
import { plural } from './render/words.ts';

const DAY_MS = 86_400_000;
const YEAR_DAYS = 365;

/** @param days how far back the trail is proved and its records are counted. */
export async function complianceOf(reach: Reach, days: number): Promise<ComplianceReport> {
  const { world } = reach;
  const now = world.time.now();
  const [recent, year] = [await actionsOf(reach, days), await actionsOf(reach, YEAR_DAYS)];
  const people = (await listOperators(world)).filter(({ status }) => status === 'active');
  const facts: Facts = {
    ...peopleFacts(people),
    ...(await trailFacts(reach, days)),
    ...placeFacts(reach),
    ...(await runningFacts(reach)),
    'owner-named': seen(
      !/@(nova\.local|example\.(com|org|net))$/.test(world.settings.ownerEmail),
      `mails go to ${world.settings.ownerEmail}`,
    ),
    'halt-rehearsed': drill(year, 'halt.on'),
    'restore-rehearsed': drill(year, 'backup.restored'),
  };
  return assess({ facts, actions: recent, today: new Date(now).toISOString().slice(0, 10) });
}

const seen = (holds: boolean | null, what: string): Fact => ({ holds, seen: what });

const drill = (actions: Actions, action: string): Fact =>
  seen((actions[action] ?? 0) > 0, `${plural(actions[action] ?? 0, 'record')} of ${action} in a year`);

async function actionsOf({ world }: Reach, days: number): Promise<Actions> {
  const counts: Record<string, number> = {};
  for (const date of lastDays(world.time.now(), days)) {
    for (const { action } of await auditOfDay(world.table, date)) counts[action] = (counts[action] ?? 0) + 1;
  }
  return counts;
}

function peopleFacts(people: readonly Operator[]): Pick<Facts, 'admin-there' | 'two-approvers' | 'passkey-there'> {
  const admins = people.filter((one) => hasRole(one, 'admin'));
  const approvers = people.filter(isApprover);
  const keyed = approvers.filter(({ passkeys }) => passkeys.length > 0);
  return {
    'admin-there': seen(admins.length > 0, plural(admins.length, 'admin')),
    'two-approvers': seen(approvers.length > 1, plural(approvers.length, 'approver')),
    'passkey-there': seen(keyed.length > 0, `${plural(keyed.length, 'approver')} with a passkey`),
  };
}

type TrailFacts = Pick<Facts, 'trail-valid' | 'trail-anchored' | 'root-kept'>;

async function trailFacts({ world }: Reach, days: number): Promise<TrailFacts> {
  const now = world.time.now();
  const { chains, faults } = await verifyTrail(world, { days });
  const records = chains.reduce((sum, chain) => sum + chain.records, 0);
  const newest = (await listAnchors(world.table)).at(-1)?.at ?? null;
  const roots = await rootsSince(world, new Date(now - 2 * DAY_MS).toISOString().slice(0, 10));
  const [fault] = faults;
  return {
    'trail-valid': seen(
      faults.length === 0,
      fault ? `${fault.id}, record ${fault.seq}: ${fault.problem}` : `${plural(records, 'record')} proved`,
    ),
    'trail-anchored': seen(
      newest !== null && now - newest < 25 * 3_600_000,
      newest === null ? 'there is no anchor' : `the newest is of ${new Date(newest).toISOString()}`,
    ),
    'root-kept': seen(roots.length > 0, plural(roots.length, 'root')),
  };
}

function placeFacts({ place, admin }: Reach): Pick<Facts, 'mail-leaves' | 'locked-roots' | 'encrypted-at-rest'> {
  const stage = place.kind === 'stage';
  const here = 'kept on one machine';
  return {
    'mail-leaves': seen(admin.mails === null, admin.mails === null ? 'by SendGrid' : 'caught on this machine'),
    'locked-roots': seen(stage, stage ? 'Object Lock, as the template asserts' : here),
    'encrypted-at-rest': seen(stage, stage ? 'a key of the owner, as the template asserts' : here),
  };
}

type RunningFacts = Pick<Facts, 'limit-set' | 'dead-letters-empty' | 'policy-answers'>;

async function runningFacts({ world, admin }: Reach): Promise<RunningFacts> {
  const { limitMicros } = await getLimit(world.table, 'fleet');
  const depths = await Promise.all(Object.values(admin.queues).map((queue) => queue.depth()));
  const dead = depths.reduce((sum, depth) => sum + depth.dead, 0);
  // Nobody may do what nobody has heard of.
  const nobody = {
    actor: 'person:nobody',
    action: 'nothing:known',
    resource: { kind: 'none', id: '-' },
    attributes: {},
  };
  const verdict = await judged(world, nobody);
  return {
    'limit-set': seen(limitMicros !== null, limitMicros === null ? 'there is none' : 'there is one'),
    'dead-letters-empty': seen(dead === 0, plural(dead, 'dead letter')),
    'policy-answers': seen(
      verdict.effect === 'deny' && !verdict.trouble,
      `${verdict.effect} by ${verdict.rules.slice(0, 12)}`,
    ),
  };
}
