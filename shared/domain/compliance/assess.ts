/** From the register and what the system says of itself to a verdict: what is met, what is not, and why. */
import { CONTROLS, type ControlId, SINCE_2013 } from './annex.ts';
import { type Entry, FACTS, type FactName, REGISTER, type TestEvidence } from './register.ts';
import { RISKS, type RiskRow } from './risks.ts';

/** `holds` null: it cannot be known from where it was asked, which counts as not shown. */
export type Fact = { readonly holds: boolean | null; readonly seen: string };
export type Facts = { readonly [name in FactName]: Fact };
/** How many records there are of each action. */
export type Actions = Readonly<Record<string, number>>;

export type ControlStatus = 'met' | 'partly met' | 'not met';
export type ControlReport = {
  readonly id: ControlId;
  readonly title: string;
  readonly status: ControlStatus;
  readonly how: string;
  readonly owner: string | null;
  readonly reviewBy: string | null;
  readonly facts: readonly { readonly says: string; readonly holds: boolean | null; readonly seen: string }[];
  readonly tests: readonly TestEvidence[];
  /** Records of the trail that belong to it, in the days looked at. */
  readonly records: number;
  readonly problems: readonly string[];
  /** Its numbers of 2013 in older registers. */
  readonly formerly: readonly string[];
};

export type ComplianceReport = {
  readonly verdict: 'PASS' | 'WARN' | 'FAIL';
  readonly met: number;
  readonly partlyMet: number;
  readonly notMet: number;
  readonly controls: readonly ControlReport[];
  readonly risks: readonly RiskRow[];
};

/**
 * FAIL: something that the register promises is not so. WARN: nothing promised is broken, but something could not be seen,
 * a review is due, or a control is met by nobody here.
 */
export function assess({ facts, actions, today }: { facts: Facts; actions: Actions; today: string }): ComplianceReport {
  const controls = CONTROLS.map(({ id, title }) => {
    const entry = REGISTER.find(({ control }) => control === id);
    return { id, title, ...(entry ? judged(entry, { facts, actions, today }) : NOTHING), formerly: formerlyOf(id) };
  });
  const count = (status: ControlStatus): number => controls.filter((one) => one.status === status).length;
  const failed = controls.some((one) => one.facts.some(({ holds }) => holds === false));
  const overdue = RISKS.some(({ reviewBy }) => reviewBy < today);
  const whole = count('met') === controls.length && !overdue;
  return {
    verdict: failed ? 'FAIL' : whole ? 'PASS' : 'WARN',
    ...{ met: count('met'), partlyMet: count('partly met'), notMet: count('not met') },
    ...{ controls, risks: RISKS },
  };
}

const NOTHING = {
  status: 'not met' as const,
  how: 'Nothing in this system shows it; the organisation that runs it must.',
  ...{ owner: null, reviewBy: null, facts: [], tests: [], records: 0 },
  problems: ['no evidence'],
};

type Asked = { readonly facts: Facts; readonly actions: Actions; readonly today: string };
type Judged = Omit<ControlReport, 'id' | 'title' | 'formerly'>;

function judged(entry: Entry, { facts, actions, today }: Asked): Judged {
  const { how, owner, reviewBy, tests = [] } = entry;
  const found = (entry.facts ?? []).map((name) => ({ says: FACTS[name], ...facts[name] }));
  const problems = [
    ...found.filter(({ holds }) => holds !== true).map(({ says, seen }) => `not so: ${says} (${seen})`),
    ...(reviewBy < today ? [`its review was due on ${reviewBy}`] : []),
  ];
  const shown = tests.length > 0 || found.some(({ holds }) => holds === true);
  const status = problems.length === 0 ? 'met' : shown ? 'partly met' : 'not met';
  return { status, how, owner, reviewBy, facts: found, tests, records: recordsOf(entry, actions), problems };
}

function recordsOf({ actions: prefixes = [] }: Entry, actions: Actions): number {
  const mine = Object.entries(actions).filter(([action]) => prefixes.some((prefix) => action.startsWith(prefix)));
  return mine.reduce((sum, [, count]) => sum + count, 0);
}

const formerlyOf = (id: ControlId): string[] =>
  Object.entries(SINCE_2013).flatMap(([old, now]) => (now === id ? [old] : []));
