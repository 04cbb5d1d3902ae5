/** One budget as the second book-keeping sees it: available + in hands + spent = limit, and never more than the limit. */
import type { Kind } from '../../shared/domain/budget.ts';
import type { Item } from '../../shared/ports/table.ts';

export class Account {
  readonly kind: Kind;
  hands = 0;
  spent = 0;
  /** What was available before the commit in hand. */
  before = 0;
  readonly #name: string;
  #budget: Item | null = null;
  #inUse = 0;
  #counted = true;
  /**
   * The first hour, the first seconds and tokens are counted by records: they do not hold attempts that were lost, and a
   * clock that is behind starts a run before the hour or the day it is charged to.
   */
  readonly #isRough: boolean;
  readonly #roughness: number;

  constructor(name: string, sk: string) {
    this.#name = name;
    this.kind = sk.split('-')[0] as Kind;
    this.#isRough = this.kind === 'seconds' || this.kind === 'tokens' || sk.includes('-hour#');
    this.#roughness = this.kind === 'seconds' ? Number.MAX_SAFE_INTEGER : 500_000;
  }

  get isOpen(): boolean {
    return this.#budget !== null;
  }

  update(item: Item | null): this {
    this.before = Number(this.#budget?.available ?? item?.available ?? 0);
    this.#budget = item;
    return this;
  }

  /** Null, or what does not agree. What was spent before its limit existed is counted before it gives anything out. */
  check(): string | null {
    const budget = this.#budget;
    if (!budget) return null;
    const available = Number(budget.available);
    const limit = Number(budget.limit);
    const inUse = this.hands + this.spent;
    const grew = inUse > this.#inUse;
    this.#inUse = inUse;
    this.before = available;
    if (budget.counting === true) {
      this.#counted = false;
      return null;
    }
    if (!this.#counted) {
      this.#counted = true;
      const tracked = this.spent;
      if (this.#isRough) this.spent = limit - available - this.hands;
      this.#inUse = this.hands + this.spent;
      if (Math.abs(this.spent - tracked) > this.#roughness)
        return `${this.#name}: ${this.spent} were counted when it began, ${tracked} were spent`;
      return null;
    }
    if (available + inUse !== limit)
      return `${this.#name}: ${available} available + ${this.hands} in hands + ${this.spent} spent is not ${limit}`;
    return grew && inUse > limit ? `${this.#name}: ${inUse} in use of a limit of ${limit}` : null;
  }
}
