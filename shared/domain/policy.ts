/** What the decision engine may do, and the numbers it goes by. Versioned; every edit is audited. */
import { MAX_INSTANCES } from './agent.ts';
import { NovaError } from './error.ts';

/**
 * off: it analyses, and that is all · advise: it records what it would do · approve: it asks before everything ·
 * auto: it does what is small and safe, and asks for the rest.
 */
export type AutonomyMode = 'off' | 'advise' | 'approve' | 'auto';
export const AUTONOMY_MODES: readonly AutonomyMode[] = ['off', 'advise', 'approve', 'auto'];

export type DecisionPolicy = {
  readonly mode: AutonomyMode;
  readonly version: number;
  /** Runs needed before anything but crashes and budgets is judged; also the new runs needed after a decision. */
  readonly minRuns: number;
  readonly scaleRoiBps: number;
  readonly scaleSuccessBps: number;
  readonly keepRoiBps: number;
  readonly keepSuccessBps: number;
  /** Several instances and an ROI below this: halve them before anything harder. Far below scaleRoiBps, so nothing flaps. */
  readonly scaleDownRoiBps: number;
  readonly retireRoiBps: number;
  readonly crashRatePauseBps: number;
  /** A crash rate means nothing in fewer runs. */
  readonly crashRateMinRuns: number;
  /** Added cost per day above which a person is asked; exactly this much is done unasked. */
  readonly approvalImpactMicros: number;
  /** At stake per day above which a link with a code is not enough: a passkey is asked for. */
  readonly passkeyAboveMicros: number;
  /** At stake per day above which one person is not enough. */
  readonly twoPeopleAboveMicros: number;
  /** From the second yes to its effect: the time to call it off. */
  readonly twoPeopleDelaySeconds: number;
  readonly scaleFactor: number;
  readonly maxInstances: number;
  /** Held back of recent revenue, at least: see shared/domain/reserve.ts. */
  readonly reserveFloorBps: number;
  /** So many days a sale may be taken back. */
  readonly reserveDays: number;
  /** Between two decisions about one agent, whatever became of the first. Crashes and budgets do not wait. */
  readonly cooldownSeconds: number;
  /**
   * Paid runs in a row that earn nothing and are given the same (end the same): from here an agent is slowed down, at
   * half as many again it is paused and a person is asked. 0: never.
   */
  readonly runawayInputRuns: number;
  readonly runawayOutcomeRuns: number;
  /** So many times the mean cost of its own runs, four runs in a row. 0: never. */
  readonly runawaySpendFactor: number;
  /** So many times as many ticks as its schedule declares. 0: never. */
  readonly runawayPaceFactor: number;
  /** What such a row must have cost before it is worth a word. */
  readonly runawayMinMicros: number;
};

export const DEFAULT_POLICY: DecisionPolicy = {
  mode: 'off',
  version: 0,
  minRuns: 20,
  scaleRoiBps: 30_000,
  scaleSuccessBps: 8_000,
  keepRoiBps: 15_000,
  keepSuccessBps: 7_000,
  scaleDownRoiBps: 10_000,
  retireRoiBps: 0,
  crashRatePauseBps: 1_500,
  crashRateMinRuns: 10,
  approvalImpactMicros: 50_000_000,
  passkeyAboveMicros: 200_000_000,
  twoPeopleAboveMicros: 1_000_000_000,
  twoPeopleDelaySeconds: 3_600,
  scaleFactor: 2,
  maxInstances: 20,
  reserveFloorBps: 500,
  reserveDays: 30,
  cooldownSeconds: 21_600,
  runawayInputRuns: 12,
  runawayOutcomeRuns: 40,
  runawaySpendFactor: 5,
  runawayPaceFactor: 2,
  runawayMinMicros: 100_000,
};

export type PolicyChange = Partial<Omit<DecisionPolicy, 'version'>>;
type Threshold = Exclude<keyof DecisionPolicy, 'mode' | 'version'>;

const RANGES: Record<Threshold, readonly [min: number, max: number]> = {
  minRuns: [1, 1_000_000],
  scaleRoiBps: [0, 100_000_000],
  scaleSuccessBps: [0, 10_000],
  keepRoiBps: [0, 100_000_000],
  keepSuccessBps: [0, 10_000],
  scaleDownRoiBps: [0, 100_000_000],
  retireRoiBps: [-10_000, 0],
  crashRatePauseBps: [0, 10_000],
  crashRateMinRuns: [1, 1_000_000],
  approvalImpactMicros: [0, 1_000_000_000_000],
  passkeyAboveMicros: [0, 1_000_000_000_000],
  twoPeopleAboveMicros: [0, 1_000_000_000_000],
  twoPeopleDelaySeconds: [0, 604_800],
  scaleFactor: [2, 10],
  maxInstances: [1, MAX_INSTANCES],
  reserveFloorBps: [0, 10_000],
  reserveDays: [1, 365],
  cooldownSeconds: [0, 2_592_000],
  runawayInputRuns: [0, 42],
  runawayOutcomeRuns: [0, 42],
  runawaySpendFactor: [0, 1_000],
  runawayPaceFactor: [0, 1_000],
  runawayMinMicros: [0, 1_000_000_000],
};

/**
 * The policy after an edit; the version is the store's business.
 * @throws NovaError bad_input with every problem named.
 */
export function changedPolicy(policy: DecisionPolicy, change: PolicyChange): DecisionPolicy {
  const next: DecisionPolicy = { ...policy, ...change };
  const problems = policyProblems(next);
  if (problems.length > 0) throw new NovaError('bad_input', problems.join('; '));
  return next;
}

/** Why these numbers cannot be a policy; empty when they can. */
export function policyProblems(policy: DecisionPolicy): readonly string[] {
  const problems: string[] = [];
  if (!AUTONOMY_MODES.includes(policy.mode)) {
    problems.push(`mode is ${AUTONOMY_MODES.join(', ')}; got "${policy.mode}"`);
  }
  for (const name of Object.keys(RANGES) as Threshold[]) {
    const [min, max] = RANGES[name];
    const value = policy[name];
    if (!Number.isInteger(value) || value < min || value > max) {
      problems.push(`${name} is a whole number from ${min} to ${max}; got ${value}`);
    }
  }
  const { retireRoiBps, scaleDownRoiBps, keepRoiBps, scaleRoiBps } = policy;
  if (!(retireRoiBps <= scaleDownRoiBps && scaleDownRoiBps <= keepRoiBps && keepRoiBps <= scaleRoiBps)) {
    problems.push('the ROI thresholds must rise: retire, scale down, keep, scale up');
  }
  if (policy.passkeyAboveMicros > policy.twoPeopleAboveMicros) {
    problems.push('two people are asked for at no less than one with a passkey');
  }
  return problems;
}
