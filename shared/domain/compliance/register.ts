/**
 * What the system itself can show for a control: tests that hold it, facts that it reads about itself when it is asked,
 * records of what people did. A control that is not in here is not met by this system: an organisation may meet it.
 */
import type { ControlId } from './annex.ts';

/** What is read about the running system; `null` where it cannot be known from here. */
export const FACTS = {
  'limit-set': 'the fleet has a limit a day',
  'owner-named': 'the owner is a person with an address of their own',
  'admin-there': 'at least one person is an admin',
  'two-approvers': 'at least two people may approve',
  'passkey-there': 'an approver has a passkey',
  'trail-valid': 'the audit trail of the last days is unchanged',
  'trail-anchored': 'the newest anchor is younger than 25 hours',
  'root-kept': 'a root of the audit trail was kept outside within two days',
  'dead-letters-empty': 'no message waits in a dead-letter queue',
  'policy-answers': 'the rules can be asked, and deny what nobody allows',
  'mail-leaves': 'mails to the owner leave this machine',
  'locked-roots': 'roots are kept where they cannot be changed',
  'encrypted-at-rest': 'the store is encrypted with a key of the owner',
  'halt-rehearsed': 'the kill switch was used within a year',
  'restore-rehearsed': 'a backup was restored within a year',
} as const;
export type FactName = keyof typeof FACTS;

export type TestEvidence = { readonly test: string; readonly file: string };
export type Entry = {
  readonly control: ControlId;
  /** How it is met, in a sentence. */
  readonly how: string;
  readonly facts?: readonly FactName[];
  readonly tests?: readonly TestEvidence[];
  /** Records whose action begins with this belong to the control. */
  readonly actions?: readonly string[];
  /** Role of the person who answers for it. */
  readonly owner: 'admin' | 'approver' | 'operator';
  /** 'YYYY-MM-DD': after this day somebody looks at it again. */
  readonly reviewBy: string;
};

const REVIEW = '2027-11-20';
const at = (file: string, test: string): TestEvidence => ({ file: `test/${file}.test.ts`, test });

export const REGISTER: readonly Entry[] = [
  {
    control: '5.1',
    how: 'What may be done is written as rules with tests, has a version, and is asked before anything matters.',
    facts: ['policy-answers', 'limit-set'],
    tests: [at('contract/policy', 'rules of another hash deny everything, and say so')],
    actions: ['policy.'],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '5.2',
    how: 'People have roles; the last admin cannot go.',
    facts: ['owner-named', 'admin-there'],
    tests: [at('functions/operators', 'the last admin stays, whether removed or stripped of the role')],
    actions: ['operator.'],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '5.3',
    how: 'Who asks cannot approve; the largest actions take two people.',
    facts: ['two-approvers'],
    tests: [
      at(
        'functions/approval-passkey',
        'A34: who asked is not mailed and cannot approve, whether by passkey or at the terminal',
      ),
    ],
    actions: ['approval.'],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '5.15',
    how: 'Every function has a role of its own that names keys and actions; people have four roles.',
    tests: [
      at('infra/iam', 'the actions of every role are the ones that were agreed on'),
      at('functions/policy-enforced', 'a viewer looks and changes nothing'),
    ],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '5.16',
    how: 'A person is one entry; an id, a login and an address belong to one person.',
    facts: ['admin-there'],
    tests: [
      at(
        'functions/operators',
        'an id is given once, a login and an address belong to one person, and a removed person is nobody',
      ),
    ],
    actions: ['operator.'],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '5.17',
    how: 'Secrets go in and never come out, have two versions while they rotate, and are searched for in all that is left behind.',
    tests: [
      at('functions/secret-rotation', 'no value of a secret is printed by any of its commands'),
      at('flows/canary', 'no secret of a whole story is in anything that the story leaves behind'),
    ],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '5.18',
    how: 'Rights follow roles and are gone with them; changes are on record.',
    tests: [
      at('functions/approval-passkey', 'a link that was mailed to someone who may not answer any more answers nothing'),
    ],
    actions: ['operator.'],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '5.21',
    how: 'Packages are pinned by hash, come from one registry and run nothing when installed.',
    tests: [
      at(
        'rules/lockfile',
        'every package is pinned by the hash of its bytes, comes from the registry, and runs nothing when installed',
      ),
    ],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '5.26',
    how: 'One switch stops everything, watches until nothing spends, and only a person turns it back.',
    facts: ['halt-rehearsed'],
    tests: [
      at(
        'functions/killswitch',
        'the emergency limit warns, then trips by itself, counts refused requests, and only a person clears it',
      ),
    ],
    actions: ['halt.'],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '5.28',
    how: 'An export of the audit trail proves itself, with a checker that knows nothing of the system.',
    facts: ['trail-valid', 'trail-anchored', 'root-kept'],
    tests: [at('functions/audit-trail', 'an export of the trail proves itself, with us and without us')],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '5.33',
    how: 'Records are added and never changed; roots are kept outside, pages of runs are sealed.',
    facts: ['trail-valid', 'root-kept', 'locked-roots'],
    tests: [at('infra/iam', 'nobody changes or deletes an audit record or an anchor')],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '8.2',
    how: 'Nothing that runs what a model wrote may write limits, policies, approvals, agents or records.',
    tests: [
      at(
        'infra/iam',
        'where a blueprint runs, no limit, policy, approval, decision, agent or audit record can be written',
      ),
    ],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '8.5',
    how: 'What is at stake decides what it takes: a code, a passkey with a verified person, two people.',
    facts: ['passkey-there'],
    tests: [
      at(
        'functions/approval-passkey',
        'A36: a challenge that was answered is answered no second time, even where the first answer no longer counts',
      ),
    ],
    ...{ owner: 'approver', reviewBy: REVIEW },
  },
  {
    control: '8.6',
    how: 'Money, runs, tokens and seconds have limits that are reserved before they are used.',
    facts: ['limit-set'],
    tests: [at('simulation/budget-model', 'P10: nothing is spent while a limit cannot be read')],
    actions: ['budget.'],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '8.12',
    how: 'Canary values stand in for every secret of a whole story, and are looked for in everything.',
    tests: [at('flows/canary', 'no secret of a whole story is in anything that the story leaves behind')],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '8.13',
    how: 'The table can be set back to any second of 35 days; a restore is to be rehearsed every year.',
    facts: ['restore-rehearsed'],
    tests: [
      at(
        'infra/data-stack',
        'the table is on demand, protected, recoverable to the second and under a key of its owner',
      ),
    ],
    actions: ['backup.'],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '8.15',
    how: 'Every change of something governed is on record in the transaction that made it, with who did it.',
    facts: ['trail-valid', 'trail-anchored'],
    tests: [at('infra/iam', 'only who changes an audited entity may add an audit record, and whoever changes one can')],
    actions: [''],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '8.16',
    how: 'What nobody can work off is seen; an agent that runs away is slowed, stopped and asked about.',
    facts: ['dead-letters-empty', 'mail-leaves'],
    tests: [
      at(
        'infra/queues-and-functions',
        'every polled queue has its dead-letter queue, its receives, and more visibility than the time-out of its function',
      ),
    ],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '8.19',
    how: 'What is deployed is built from pinned packages; rules are pinned by their hash.',
    tests: [
      at('rules/lockfile', 'package.json names exact versions, and the lock file is of this package.json'),
      at(
        'rules/policy-pin',
        'policies/authz.wasm is compiled from the rules that lie beside it; else run policies/build.sh',
      ),
    ],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '8.20',
    how: 'There is one public door, throttled; locally this machine alone is answered.',
    tests: [
      at(
        'infra/queues-and-functions',
        'the only public door is one regional API, throttled, with a log that names no path',
      ),
      at('infra/front', 'only this machine under its own names and port is answered'),
    ],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '8.23',
    how: 'What agents fetch goes through one guarded way out: public addresses only, bounded, polite.',
    tests: [
      at(
        'functions/guarded-http',
        'B18: a name that turns private between two looks is refused; the socket goes where the check looked',
      ),
    ],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '8.24',
    how: 'The table is under a key of the owner that turns every year; codes are kept as keyed hashes.',
    facts: ['encrypted-at-rest'],
    tests: [
      at(
        'infra/data-stack',
        'the key turns every year, and who may use a thing of this stage uses it through that thing’s service alone',
      ),
    ],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '8.27',
    how: 'The architecture is a table of who may import whom, and a test that reads every import.',
    tests: [at('rules/threat-model', 'every threat names a test that holds it, and every named test is there')],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
  {
    control: '8.29',
    how: 'Attacks on approvals, webhooks and pages are tests; random tampering and seeded crashes run with every check.',
    tests: [at('domain/audit-export', 'random tampering never goes unnoticed')],
    ...{ owner: 'operator', reviewBy: REVIEW },
  },
  {
    control: '8.32',
    how: 'A change of rules, limits or agents is a decision with a record; some of them ask a person first.',
    tests: [at('functions/execute-decision', 'a decision that was tampered with after it was made is not executed')],
    actions: ['agent.', 'policy.', 'budget.', 'decision.'],
    ...{ owner: 'admin', reviewBy: REVIEW },
  },
];
