/**
 * The one port under every store. Conditions and changes are data, so that three tables (DynamoDB, SQLite, memory)
 * can keep the same promise and a contract suite can compare them op by op.
 */

/**
 * Numbers are safe integers; a bigint (38 significant digits at most) inside the safe range is read back as a number. No
 * floats, no sets, no `undefined`. What is read may be frozen.
 */
export type Value = string | number | bigint | boolean | null | readonly Value[] | { readonly [name: string]: Value };

export type Key = { readonly pk: string; readonly sk: string };

/**
 * `pk` and `sk` are its key; `ixPk` and `ixSk`, when both are present, put it into the sparse index `ix`. All four are
 * printable ASCII, not empty, at most 2048 (pk) and 1024 (sk) characters. 400 KB in all.
 */
export type Item = Key & { readonly [attr: string]: Value };

export type Scalar = string | number | bigint | boolean | null;

/**
 * Comparisons are false on a missing attribute, but `<>` and `lacks` are true there (as in DynamoDB).
 * Values of different types are unequal and in no order; null and booleans have no order at all. `contains` / `lacks` look
 * for a scalar in a list, and only there. Attributes are top-level only. No arithmetic: DynamoDB has none.
 */
export type Condition =
  | { readonly attr: string; readonly op: '=' | '<>' | '<' | '<=' | '>' | '>='; readonly value: Scalar }
  | { readonly attr: string; readonly op: 'exists' | 'missing' }
  | { readonly attr: string; readonly op: 'contains' | 'lacks'; readonly value: Scalar }
  | { readonly any: readonly Condition[] };

/**
 * An attribute may appear in one of the five only, and one must appear. `add` counts a missing attribute as 0, `append` as an
 * empty list; what is there and is no number or list is refused with NovaError bad_input, after the conditions.
 */
export type Change = {
  readonly set?: { readonly [attr: string]: Value };
  readonly setIfAbsent?: { readonly [attr: string]: Value };
  readonly add?: { readonly [attr: string]: number | bigint };
  readonly append?: { readonly [attr: string]: readonly Value[] };
  readonly remove?: readonly string[];
};

export type Put = { readonly op: 'put'; readonly item: Item; readonly if?: readonly Condition[] };
/** Creates the item when it is missing, unless a condition forbids it. */
export type Update = Change & { readonly op: 'update'; readonly key: Key; readonly if?: readonly Condition[] };
export type Delete = { readonly op: 'delete'; readonly key: Key; readonly if?: readonly Condition[] };
export type Check = { readonly op: 'check'; readonly key: Key; readonly if: readonly Condition[] };

export type WriteOp = Put | Update | Delete;
export type Op = WriteOp | Check;

/** Refused: the item as it stood when its condition failed (null: there was none). */
export type WriteResult =
  | { readonly ok: true /** the new image of an update; null for put and delete */; readonly item: Item | null }
  | { readonly ok: false; readonly item: Item | null };

/** Refused: every op whose condition failed, by index, with the item as it stood. Nothing was changed. */
export type TransactResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly failed: readonly { readonly index: number; readonly item: Item | null }[] };

/** Bounds are inclusive; `prefix` excludes `from` and `to`. A cursor comes with every full page, and goes with its query. */
export type Query = {
  readonly pk: string;
  readonly index?: 'ix';
  readonly prefix?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
  readonly cursor?: string;
};

export type Page = { readonly items: readonly Item[]; readonly cursor: string | null };

/**
 * @throws NovaError bad_input or too_large for what DynamoDB would refuse, unavailable when it is not known whether a write
 * happened (or it did not, after bounded retries), misconfigured. A write under a condition may have been tried twice: a
 * refusal that shows your own image is your success. An `add` or `append` without a condition is never tried twice.
 */
export type Table = {
  /** Strongly consistent. */
  get(key: Key): Promise<Item | null>;
  /** One page of at most `limit` items (default 1000) or about 1 MB, by sort key. Strong on the table, eventual on the index. */
  query(query: Query): Promise<Page>;
  write(op: WriteOp): Promise<WriteResult>;
  /** All or nothing; 1 to 100 ops on different items. @throws NovaError unavailable after bounded retries of a conflict. */
  transact(ops: readonly Op[]): Promise<TransactResult>;
};

/** Capacity used since the counter was made, in DynamoDB units; kept by the tables that can know it. */
export type Capacity = { readUnits: number; writeUnits: number; requests: number };
