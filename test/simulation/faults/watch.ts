/** Sees every commit, as the second book-keeping does, and says what no commit may do beside what concerns money. */

import type { DecisionStatus } from '../../../shared/domain/decision.ts';
import { isFinal, mayDecisionMove } from '../../../shared/domain/decision-moves.ts';
import { isUnder } from '../../../shared/domain/halt.ts';
import { runId } from '../../../shared/domain/run.ts';
import type { Item } from '../../../shared/ports/table.ts';
import type { Changed } from '../sim-table.ts';
import { DEPARTMENTS } from './cast.ts';

/** What must hold; every fault names those it could break. */
export const INVARIANTS = {
  money: 'per budget and at every moment: available + slices + held + sent + spent = limit, and nothing beyond it',
  provider: 'what the provider was asked for is charged, and no paid call is made twice',
  once: 'a slot is closed once, and claimed again never',
  fenced: 'only the holder of a lease writes to its run',
  killed: 'after a kill is acknowledged no run is claimed, no call marked, no instance opened',
  trail: 'audit records are added one after the other, never changed, never removed',
  decided: 'a decision moves as its states allow, is executed once, and an ended approval stays as it ended',
  ledger: 'a movement is booked once, and the sums of an agent are those of its entries',
  ended: 'every message ends in a recorded result or, where nobody could read it, in a dead letter',
  final: 'every claimed run is final within ten minutes after the faults',
  follows: 'instances, schedules and tasks become what is desired',
  tasks: 'one task for one token, one executor for one instance, and no task without a run for longer than ten minutes',
  cooling: 'an instance that cools down is not claimed',
  hops: 'a request hands itself on ten times at most, then waits for the sweep',
} as const;
export type Invariant = keyof typeof INVARIANTS;

/** Between the look at the clock and the write. */
const ANSWER_MS = 60_000;

export class Watch {
  readonly #fail: (problem: string) => void;
  readonly #now: () => number;
  readonly #heads = new Map<string, { readonly seq: number; readonly hash: string }>();
  readonly #executed = new Set<string>();
  readonly #open = new Map<string, string>();
  /** Scopes whose kill was acknowledged. */
  readonly acked = new Set<string>();
  /** Runs that were closed: when, how, and at what cost. */
  readonly closed = new Map<string, { readonly at: number; readonly outcome: string; readonly costMicros: number }>();
  /** How often a person has forgiven bob his crashes. */
  forgiven = 0;
  readonly #crashes = new Map<string, { streak: number; at: number }>();
  /** The runs that tasks have taken over, by task. */
  readonly adopted = new Map<string, string>();
  /** When an instance was last let go, by its sort key. */
  readonly freed = new Map<string, number>();
  /** When a run of a request was last claimed or given back, by the request's id. */
  readonly moved = new Map<string, number>();
  /** Clocks differ: whether somebody's clock had reached a moment cannot be said. */
  skewed = false;
  mayNotSpend = false;
  #gate: readonly string[] = [];

  constructor(fail: (problem: string) => void, now: () => number) {
    this.#fail = fail;
    this.#now = now;
  }

  commit(changes: readonly Changed[]): void {
    for (const change of changes) {
      const { pk, sk } = change.key;
      if (pk === 'HALT' && sk === 'gate') this.#turn(change.after);
    }
    for (const change of changes) {
      const { pk } = change.key;
      if (pk.startsWith('AUDIT#')) this.#record(change);
      else if (pk.startsWith('DECISION#')) this.#decision(change);
      else if (pk.startsWith('APPROVAL#') && change.key.sk === 'A') this.#approval(change);
      else if (pk.startsWith('FLEET#') && !change.key.sk.endsWith('#EARN')) this.#instance(change);
      else if (pk.startsWith('REQUEST#')) this.#request(change);
      else if (pk.startsWith('ENTRY#') && change.key.sk === 'E') this.#entry(change);
    }
  }

  #turn(after: Item | null): void {
    this.#gate = ((after?.scopes ?? []) as readonly string[]).map(String);
    for (const scope of this.acked) if (!this.#gate.includes(scope)) this.acked.delete(scope);
  }

  isHalted(agentId: string, scopes: Iterable<string> = this.#gate): boolean {
    const whom = { id: agentId, department: DEPARTMENTS.get(agentId) ?? '' };
    return [...scopes].some((scope) => isUnder(scope as Parameters<typeof isUnder>[0], whom));
  }

  #record({ key, before, after }: Changed): void {
    if (before !== null) this.#fail(`${key.pk} ${key.sk} of the trail was changed`);
    if (after === null) return;
    const seq = Number(after.seq);
    const last = this.#heads.get(key.pk);
    if (seq !== (last?.seq ?? 0) + 1) this.#fail(`${key.pk}: record ${seq} follows ${last?.seq ?? 0}`);
    if (last && after.prevHash !== last.hash) this.#fail(`${key.pk}: record ${seq} does not hold the hash before it`);
    this.#heads.set(key.pk, { seq, hash: String(after.hash) });
  }

  #decision({ key, before, after }: Changed): void {
    const [from, to] = [before?.status as DecisionStatus | undefined, after?.status as DecisionStatus | undefined];
    if (to === undefined || from === to) return;
    this.#lock(key.pk, `${String(after?.agentId)} ${String(after?.kind)}`, !isFinal(to));
    if (from === undefined) return;
    if (!mayDecisionMove(from, to)) this.#fail(`${key.pk} went from ${from} to ${to}`);
    if (to === 'executed' && this.#executed.has(key.pk)) this.#fail(`${key.pk} was executed twice`);
    if (to === 'executed') this.#executed.add(key.pk);
    if (to === 'executed' && this.isHalted(String(after?.agentId)))
      this.#fail(`${key.pk} was executed under the kill switch`);
  }

  #lock(pk: string, name: string, open: boolean): void {
    const other = this.#open.get(name);
    if (open && other !== undefined && other !== pk) this.#fail(`${name}: ${pk} was made while ${other} is open`);
    if (open) this.#open.set(name, pk);
    else if (other === pk) this.#open.delete(name);
  }

  #approval({ key, before, after }: Changed): void {
    const [from, to] = [before?.status, after?.status];
    if (to === 'approved' && from === 'pending' && !this.skewed && this.#now() > Number(after?.expiresAt) + ANSWER_MS)
      this.#fail(`${key.pk} was approved after its time`);
    if (from === undefined || from === 'pending' || from === to) return;
    this.#fail(`${key.pk} went from ${String(from)} to ${String(to)}`);
  }

  #instance({ key, before, after }: Changed): void {
    const [agentId = ''] = key.sk.split('#');
    const opened = after?.st === 'active' && before?.st !== 'active';
    if (opened && this.isHalted(agentId)) this.#fail(`${key.sk} was opened under the kill switch`);
    if (!before || !after) return;
    this.#close(before, after);
    if (agentId === 'bob') this.#crash(before, after);
    const holder = String(after.ho ?? '');
    if (holder !== before.ho && holder.startsWith('task:'))
      this.adopted.set(holder.slice(5), runId(agentId, Number(key.sk.split('#')[1]), String(after.sl)));
    if (before.ho !== undefined && after.ho === undefined) this.freed.set(key.sk, this.#now());
    const claimed = after.ho !== undefined && after.ho !== before.ho;
    const fresh = claimed && before.ho === undefined;
    if (fresh && this.isHalted(agentId, this.acked)) this.#fail(`${key.sk} was claimed after its kill`);
    if (fresh && this.mayNotSpend) this.#fail(`${key.sk} was claimed before the restored table was checked`);
    if (fresh && !this.skewed && Number(before.cu ?? 0) > this.#now())
      this.#fail(`${key.sk} was claimed while it cools`);
    if (before.ho !== undefined && claimed && after.f !== before.f)
      this.#fail(`${key.sk} was claimed while somebody held it`);
    if (fresh && Number(after.f) !== Number(before.f) + 1) this.#fail(`${key.sk}: its fence did not move with a claim`);
    if (claimed && !fresh && String(before.ho).startsWith('task:')) this.#fail(`${key.sk} was taken from a task`);
  }

  #request({ before, after }: Changed): void {
    if (after && before?.next !== after.next) this.moved.set(String(after.id), this.#now());
  }

  /** Five crashes in a row, then one probe after 300 s, 600 s, …: counted from the records, not from what the instance says. */
  #crash(before: Item, after: Item): void {
    const known = this.#crashes.get(after.sk) ?? { streak: 0, at: 0 };
    this.#crashes.set(after.sk, known);
    if (Number(before.cx) > 0 && Number(after.cx) === 0) {
      this.forgiven++;
      known.streak = 0;
    }
    const isFresh = after.ho !== undefined && before.ho === undefined;
    const restMs = Math.min(300_000 * 2 ** (known.streak - 5), 6 * 3_600_000);
    if (isFresh && !this.skewed && known.streak >= 5 && this.#now() < known.at + restMs)
      this.#fail(`${after.sk} was claimed ${this.#now() - known.at} ms after its crash ${known.streak}`);
    const last = [before, after].map(({ j }) => ((j ?? []) as readonly string[]).at(-1));
    if (last[1] === undefined || last[0] === last[1] || !/^[^,]*,[ct]/.test(last[1])) return;
    known.streak++;
    const [, , , start = '0', duration = '0'] = last[1].split(',');
    known.at = Number.parseInt(start, 36) + Number.parseInt(duration, 36);
  }

  #close(before: Item, after: Item): void {
    const [was, is] = [before.j, after.j].map((list) => (list ?? []) as readonly string[]);
    const record = is?.at(-1);
    if (record === undefined || (is?.length === was?.length && record === was?.at(-1))) return;
    const [slot = '', outcome = '', , , , cost = '0'] = record.split(',');
    const [agentId = '', number] = after.sk.split('#');
    const closed = { at: this.#now(), outcome: outcome.slice(0, 1), costMicros: Number.parseInt(cost, 36) };
    this.closed.set(runId(agentId, Number(number), slot), closed);
  }

  #entry({ key, before, after }: Changed): void {
    if (before && (!after || after.amountMinor !== before.amountMinor)) this.#fail(`${key.pk} was booked anew`);
  }
}
