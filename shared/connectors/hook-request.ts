/** What every webhook gets: the request as it came, and the few ports of the door. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { World } from '../ports/world.ts';

export type HookRequest = {
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

export type HookPorts = Pick<World, 'time' | 'secrets' | 'revenue' | 'work'>;

/** Resolves when what was told is durable. @throws NovaError otherwise. */
export type Hook = (request: HookRequest, world: HookPorts) => Promise<void>;

/** In a time that says nothing about either of them. */
export function sameText(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** One secret, or the old and the new while they are rotated: with a comma or white space between. */
export function rotated(kept: string): string[] {
  return kept.split(/[\s,]+/).filter((part) => part !== '');
}
