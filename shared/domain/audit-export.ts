/**
 * An audit trail as lines of JSON (docs/audit-format.md), and its proof from these lines alone, one at a time: a million
 * records need no more memory than the anchors and the name of the chain in hand.
 */

import { GENESIS } from './audit.ts';
import { type AnchoredHead, type KeptAnchor, readRoot } from './audit-anchor.ts';

export const EXPORT_FORMAT = 'nova-audit';

export type ExportLine =
  | { readonly kind: 'header'; readonly format: string; readonly v: 1; readonly stage: string; readonly scope: string }
  | { readonly kind: 'anchor'; readonly seq: number; readonly hash: string; readonly bytes: string }
  | { readonly kind: 'root'; readonly hash: string; readonly bytes: string }
  | {
      readonly kind: 'record';
      readonly entity: string;
      readonly seq: number;
      readonly hash: string;
      readonly bytes: string;
    }
  | { readonly kind: 'head'; readonly entity: string; readonly seq: number; readonly hash: string }
  | {
      readonly kind: 'end';
      readonly records: number;
      readonly entities: number;
      readonly anchors: number;
      readonly roots: number;
    };

export type ExportFault = {
  /** Of the file, from 1. */
  readonly line: number;
  /** `workspace` for the anchors and the roots, `file` for the lines themselves. */
  readonly id: string;
  /** Of the record or anchor; 0 where there is none. */
  readonly seq: number;
  readonly problem: string;
};

export type ExportReport = {
  readonly records: number;
  readonly entities: number;
  readonly anchors: number;
  readonly roots: number;
  /** The newest root or anchor: compare it with one that you kept yourself. */
  readonly newest: string;
  readonly faults: readonly ExportFault[];
};

/** Only so many are listed: one flipped line may shift thousands. */
const MAX_FAULTS = 100;

/** In this order the kinds come. */
const PLACE: Readonly<Partial<Record<string, number>>> = { header: 0, anchor: 1, root: 2, record: 3, head: 3, end: 4 };

type Kept = { readonly seq: number; readonly hash: string };

/** Takes every line in order; `end` says what was found. */
export class ExportProof {
  readonly #sha256: (text: string) => string;
  readonly #faults: ExportFault[] = [];
  readonly #anchors: Kept[] = [];
  readonly #anchored = new Map<string, Map<number, string>>();
  readonly #done = new Set<string>();
  #scope = '';
  #line = 0;
  #place = 0;
  #records = 0;
  #roots = 0;
  #open: { entity: string; seq: number; hash: string } | null = null;
  #anchor: Kept = { seq: 0, hash: GENESIS };
  #ended = false;

  constructor(sha256: (text: string) => string) {
    this.#sha256 = sha256;
  }

  take(text: string): void {
    this.#line += 1;
    if (this.#ended) this.#fault('file', 0, 'goes on after its end');
    else this.#read(text);
  }

  #read(text: string): void {
    try {
      const line = JSON.parse(text) as ExportLine;
      const place = PLACE[line.kind] ?? 0;
      if (place < this.#place) this.#fault('file', 0, `a line of the kind ${line.kind} is out of place`);
      this.#place = place;
      if (this.#line === 1 || line.kind === 'header') this.#header(line);
      else if (line.kind === 'record') this.#record(line);
      else if (line.kind === 'head') this.#head(line);
      else if (line.kind === 'anchor') this.#takeAnchor(line);
      else if (line.kind === 'root') this.#root(line);
      else if (line.kind === 'end') this.#end(line);
      else this.#fault('file', 0, 'is a line of no known kind');
    } catch {
      this.#fault('file', 0, 'cannot be read');
    }
  }

  end(): ExportReport {
    if (!this.#ended) this.#fault('file', 0, 'ends too early');
    for (const [entity, records] of this.#anchored) {
      for (const seq of [...records.keys()].sort((a, b) => a - b)) this.#fault(entity, seq, 'was anchored and is gone');
    }
    const newest = this.#anchors.at(-1)?.hash ?? GENESIS;
    const counts = { entities: this.#done.size, anchors: this.#anchors.length, roots: this.#roots };
    return { records: this.#records, ...counts, newest, faults: this.#faults };
  }

  #header(line: ExportLine): void {
    const known = line.kind === 'header' && line.format === EXPORT_FORMAT && line.v === 1;
    const first = this.#line === 1 && known && typeof line.scope === 'string';
    if (first) this.#scope = line.scope;
    else this.#fault('file', 0, 'is not the header of an audit export');
  }

  #takeAnchor({ seq, hash, bytes }: Extract<ExportLine, { kind: 'anchor' }>): void {
    const said = JSON.parse(bytes) as Partial<KeptAnchor>;
    this.#follows('workspace', { seq, hash, bytes, said }, this.#anchor);
    this.#anchor = { seq, hash };
    this.#anchors.push(this.#anchor);
    for (const [entity, at, record] of (said.heads ?? []) as readonly AnchoredHead[]) {
      // Seals of pages prove runs, which are in no export.
      if (entity.startsWith('pages:') || (this.#scope !== 'all' && entity !== this.#scope)) continue;
      const known = this.#anchored.get(entity) ?? new Map<number, string>();
      this.#anchored.set(entity, known.set(at, record));
    }
  }

  #root(line: Extract<ExportLine, { kind: 'root' }>): void {
    this.#roots += 1;
    const { date, seq, hash } = readRoot(line.bytes);
    if (this.#sha256(line.bytes) !== line.hash) this.#fault('workspace', seq, 'the bytes of a root were changed');
    if (this.#anchors[seq - 1]?.hash !== hash)
      this.#fault('workspace', seq, `the root of ${date} names another anchor`);
  }

  #record({ entity, seq, hash, bytes }: Extract<ExportLine, { kind: 'record' }>): void {
    this.#records += 1;
    const before = this.#chainOf(entity);
    const said = JSON.parse(bytes) as { seq?: unknown; prevHash?: unknown; entity?: unknown };
    this.#follows(entity, { seq, hash, bytes, said }, before);
    if (said.entity !== entity) this.#fault(entity, seq, 'its bytes speak of something else');
    this.#open = { entity, seq, hash };
    const anchored = this.#anchored.get(entity);
    const kept = anchored?.get(seq);
    if (kept !== undefined && kept !== hash)
      this.#fault(entity, seq, 'is another record than the one that was anchored');
    if (kept !== undefined) anchored?.delete(seq);
  }

  /** Where the chain stands; an entity comes once, with all of its records. */
  #chainOf(entity: string): Kept {
    if (this.#open?.entity === entity) return this.#open;
    if (this.#open) this.#fault(this.#open.entity, this.#open.seq, 'its chain has no head');
    if (this.#done.has(entity)) this.#fault(entity, 0, 'comes a second time');
    if (this.#scope !== 'all' && this.#scope !== entity) this.#fault(entity, 0, 'is not what the header names');
    return { seq: 0, hash: GENESIS };
  }

  #follows(
    id: string,
    one: { seq: number; hash: string; bytes: string; said: { seq?: unknown; prevHash?: unknown } },
    before: Kept,
  ): void {
    const { seq, hash, bytes, said } = one;
    if (seq !== before.seq + 1) this.#fault(id, before.seq + 1, `is missing; found ${seq}`);
    else if (said.seq !== seq) this.#fault(id, seq, 'its bytes name another place');
    else if (said.prevHash !== before.hash) this.#fault(id, seq, 'does not follow from the one before it');
    if (this.#sha256(bytes) !== hash) this.#fault(id, seq, 'its bytes were changed');
  }

  #head({ entity, seq, hash }: Extract<ExportLine, { kind: 'head' }>): void {
    const end = this.#chainOf(entity);
    if (end.seq !== seq) this.#fault(entity, end.seq + 1, `the head says ${seq} records`);
    else if (end.hash !== hash) this.#fault(entity, seq, 'the head has another hash');
    this.#open = null;
    this.#done.add(entity);
  }

  #end({ records, entities, anchors, roots }: Extract<ExportLine, { kind: 'end' }>): void {
    if (this.#open) this.#fault(this.#open.entity, this.#open.seq, 'its chain has no head');
    this.#ended = true;
    const found = [this.#records, this.#done.size, this.#anchors.length, this.#roots];
    if ([records, entities, anchors, roots].some((said, n) => said !== found[n])) {
      this.#fault(
        'file',
        0,
        `the end says ${records} records, ${entities} entities, ${anchors} anchors and ${roots} roots`,
      );
    }
  }

  #fault(id: string, seq: number, problem: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push({ line: this.#line, id, seq, problem });
  }
}
