/**
 * A restored table does not know what was spent and earned after the instant it goes back to: budgets would be spent a
 * second time, and slots run again. So nothing is spent from one until a person has looked: the kill switch goes on,
 * whoever restored it with whichever tool. A copy is known by what the platform calls it (DynamoDB never restores into a
 * table that is there), a step back in time by what was kept outside and is newer than anything in it.
 */
import type { Actor } from '../domain/audit.ts';
import type { Root } from '../domain/audit-anchor.ts';
import { messageOf } from '../domain/error.ts';
import { isAnother, lostName, lostText, noticed } from '../domain/origin.ts';
import type { World } from '../ports/world.ts';
import { publishTurn, turnHalt } from '../store/halt-store.ts';
import { lostRoots, readOrigin, writeOrigin } from '../store/origin-store.ts';
import type { PostedWork } from '../store/outbox-store.ts';
import { closeScope } from './halt-scope.ts';

type HaltPorts = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'work' | 'log' | 'settings'>;
export type OriginPorts = HaltPorts & Pick<World, 'gauges' | 'roots'>;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const ACTOR = 'system:origin';

/** The first minute of an hour: then what was kept outside is read as well, which costs a request each. */
export const isRootTime = (now: number): boolean => now % HOUR_MS < MINUTE_MS;

/**
 * One read, and one question to the platform; `roots`: also what was kept outside.
 * @returns what was noticed; null when all is as it was.
 */
export async function watchOrigin(world: OriginPorts, { roots }: { readonly roots: boolean }): Promise<string | null> {
  const [seen, origin] = await Promise.all([world.gauges.marks(), readOrigin(world.table)]);
  const copied = isAnother(origin.marks, seen);
  const lost =
    roots || copied ? await lostRoots(world).catch((thrown: unknown) => unread(world, { copied, thrown })) : [];
  const why = noticed(origin, seen, lost);
  if (why !== null) {
    await publishTurn(world, await haltRestored(world, { seen, lost, why, actor: ACTOR }));
  } else if (seen.some((mark) => !origin.marks.includes(mark))) {
    // For the first time, or one mark of several is new: a file that was moved.
    await writeOrigin(world.table, { ...origin, marks: seen });
  }
  return why;
}

/** A copy is known without its roots, and waits for nobody; what it lost is told at the next look that can read them. */
function unread({ log }: OriginPorts, { copied, thrown }: { readonly copied: boolean; readonly thrown: unknown }): [] {
  if (!copied) throw thrown;
  log.error('what was kept outside of a copied table cannot be read', { why: messageOf(thrown) });
  return [];
}

export type Restored = {
  readonly seen: readonly string[];
  readonly lost: readonly Root[];
  readonly why: string;
  readonly actor: Actor;
};

/**
 * The kill switch over everything in this table, with the roots that it has lost, and where it lies now. What follows from
 * the turn is answered and not sent: the queues may still be those of another table.
 */
export async function haltRestored(
  world: HaltPorts,
  { seen, lost, why, actor }: Restored,
): Promise<readonly PostedWork[]> {
  const { halt, posted } = await turnHalt(world, {
    ...{ scope: 'fleet', on: true, actor, reason: why },
    restored: lostText(lost),
  });
  await closeScope(world, halt);
  // After the halt: whoever crashes in between notices it again.
  const { lost: told } = await readOrigin(world.table);
  const known = [...new Set([...told, ...lost.map(lostName)])];
  await writeOrigin(world.table, { marks: seen, lost: known, noticedAt: halt.at, why });
  return posted;
}
