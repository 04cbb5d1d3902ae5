/**
 * How fast the rules answer on this machine: node test/bench/policy.ts. Judged anew and remembered are two figures, per
 * second of processor time, because a busy machine says nothing about the rules.
 */
import { resolve } from 'node:path';
import { readArtifact } from '../../shared/policy/artifact.ts';
import { cachedPolicy } from '../../shared/policy/cached-policy.ts';
import { wasmPolicy } from '../../shared/policy/wasm-policy.ts';
import type { PolicyBasis, PolicyEngine } from '../../shared/ports/policy.ts';
import { systemTime } from '../../shared/runtime/clock.ts';
import { CASE_DEFAULTS, POLICY_CASES } from '../fixtures/policy-cases.ts';

export type PolicyFigures = {
  /** From nothing to the first verdict: reading, checking the hash, compiling. */
  readonly firstVerdictMs: number;
  readonly judgedPerSecond: number;
  readonly rememberedPerSecond: number;
  readonly heapMb: number;
};

const BASIS: PolicyBasis = { settings: CASE_DEFAULTS, rules: null };
const QUESTIONS = POLICY_CASES.filter(({ settings }) => JSON.stringify(settings) === JSON.stringify(CASE_DEFAULTS)).map(
  ({ question }) => question,
);

export async function policyFigures(evaluations: number): Promise<PolicyFigures> {
  const engine = wasmPolicy({ artifact: readArtifact });
  const before = performance.now();
  await engine.evaluate(QUESTIONS[0] ?? never(), BASIS);
  const firstVerdictMs = performance.now() - before;
  const judgedPerSecond = await rateOf(engine, evaluations);
  const rememberedPerSecond = await rateOf(cachedPolicy(engine, { time: systemTime }), evaluations);
  return { firstVerdictMs, judgedPerSecond, rememberedPerSecond, heapMb: process.memoryUsage().rss / 1_048_576 };
}

/** Each question of the table in turn, after as many again to warm up. */
async function rateOf(engine: PolicyEngine, evaluations: number): Promise<number> {
  const round = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await engine.evaluate(QUESTIONS[n % QUESTIONS.length] ?? never(), BASIS);
  };
  await round(Math.ceil(evaluations / 4));
  const start = process.cpuUsage();
  await round(evaluations);
  const { user, system } = process.cpuUsage(start);
  return Math.round(evaluations / ((user + system) / 1_000_000));
}

const never = (): never => {
  throw new RangeError('the table has no cases');
};

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const { firstVerdictMs, judgedPerSecond, rememberedPerSecond, heapMb } = await policyFigures(200_000);
  console.log(`first verdict ${firstVerdictMs.toFixed(1)} ms, ${heapMb.toFixed(0)} MB`);
  console.log(`judged anew   ${judgedPerSecond.toLocaleString('en')} a second`);
  console.log(`remembered    ${rememberedPerSecond.toLocaleString('en')} a second`);
}
