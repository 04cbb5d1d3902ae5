/**
 * Claiming a slot: one conditional write inside the instance's slice, and whatever else is needed when it fails. The
 * failed write shows the image; `judge` says what it means; everything done about it is pinned to what was read.
 */
import type { AgentSpec } from '../domain/agent.ts';
import type { Moment } from '../domain/calendar.ts';
import { NovaError } from '../domain/error.ts';
import type { Instance, Slice } from '../domain/instance.ts';
import { isLate, judge, type Wish } from '../domain/protocol/judge.ts';
import { momentOf } from './calendar-store.ts';
import type { Claim, ClaimAnswer, ClaimPorts, Situation, Step } from './claim.ts';
import { claimedOf, load, runAnswer, transact, write } from './claim-write.ts';
import { knowLines, knownLines } from './known-lines.ts';
import { recover } from './recovery-store.ts';
import { refuse, refuseLate } from './refusal-store.ts';
import { rollOver } from './roll-over-store.ts';
import { isRecorded } from './run-store.ts';
import { latestSpec, readSpec } from './spec-cache.ts';
import { topUp } from './top-up-store.ts';

/** More steps than any honest sequence needs: each either answers or sees somebody else's progress. */
const MAX_STEPS = 40;

/** Claims the slot, or says why not. @throws NovaError not_found for an unknown instance; unavailable under heavy contention. */
export async function claim(ports: ClaimPorts, want: Claim): Promise<ClaimAnswer> {
  let spec = latestSpec(ports.table, want.agentId);
  const lines = knownLines(ports.table, want);
  // Inside its slice a claim asks nothing before: what is too old must be looked at.
  let step: Step =
    spec && !isLate(want.slot, ports.time.now())
      ? await write(ports, want, { ...(await wishOf(ports, want, spec)), lines })
      : { image: await load(ports, want) };
  for (let count = 0; count < MAX_STEPS; count++) {
    if ('answer' in step) return step.answer;
    if (spec?.version !== step.image.specVersion) {
      spec = await readSpec(ports.table, want.agentId, step.image.specVersion);
    }
    const { image }: { image: Instance } = step;
    const { lines } = knowLines(ports.table, image);
    const wish = { ...(await wishOf(ports, want, spec)), lines, slowed: image.slowed };
    step = await follow(ports, want, { wish: { ...wish, ...laterOf(wish, image.slice) }, image });
  }
  throw new NovaError('unavailable', `${want.agentId}#${want.number} is too busy to claim ${want.slot}`);
}

async function wishOf(ports: ClaimPorts, want: Claim, spec: AgentSpec): Promise<Omit<Wish, 'lines'>> {
  const { slot, holder, billedFrom } = want;
  // One reading of the clock: a run starts in the hour that it is charged to.
  const now = ports.time.now();
  const { date, hour } = await momentOf(ports, now);
  return { slot, holder, now, period: date, hour, spec, ...(billedFrom === undefined ? {} : { billedFrom }) };
}

/** A period that has begun by somebody's clock has begun: a clock that is behind does not turn it back. */
function laterOf({ period, hour }: Pick<Wish, 'period' | 'hour'>, slice: Slice): Pick<Wish, 'period' | 'hour'> {
  if (slice.period > period) return { period: slice.period, hour: slice.hour ?? hour };
  return slice.period === period && slice.hour !== null && slice.hour > hour
    ? { period, hour: slice.hour }
    : { period, hour };
}

const momentIn = ({ period, hour }: Wish): Moment => ({ date: period, hour });

async function follow(ports: ClaimPorts, want: Claim, situation: Situation): Promise<Step> {
  const { wish, image } = situation;
  const judgement = judge(image, wish);
  switch (judgement.do) {
    case 'claim':
      return await write(ports, want, wish);
    case 'run':
      return { answer: runAnswer(image, wish) };
    case 'held':
      return { answer: { kind: 'held', claimed: claimedOf(image, wish) } };
    case 'done':
      return { answer: { kind: 'done' } };
    case 'wait':
      return { answer: { kind: 'wait', seconds: judgement.seconds } };
    case 'park':
      return { answer: { kind: 'parked' } };
    case 'look_up':
      if (!(await isRecorded(ports.table, image, want.slot))) await refuseLate(ports.table, image, wish);
      return { answer: { kind: 'done' } };
    case 'refuse':
      return await transact(ports, want, await refuse(ports, situation, judgement.reason));
    case 'recover':
      if (want.giveUp) await want.giveUp(image);
      else await recover(ports, image, { spec: wish.spec, blame: 'agent' });
      return { image: await load(ports, want) };
    case 'roll_over':
      await rollOver(ports, image, momentIn(wish));
      return { image: await load(ports, want) };
    case 'top_up':
      return await topUp(ports, want, situation);
    case 'reload_spec':
      return { image };
  }
}
