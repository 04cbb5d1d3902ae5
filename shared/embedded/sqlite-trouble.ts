/** Why a file cannot be used as a store, told apart: a full disk is no damage, and nobody should reach for a backup. */
import { messageOf, NovaError } from '../domain/error.ts';

/** https://sqlite.org/rescode.html; an extended code has the primary one in its last byte. */
const FULL = 13;
const NO_ACCESS: ReadonlySet<number> = new Set([3, 8, 14]);

/** `unavailable`: its disk is full; `misconfigured`: its rights forbid it; else `corrupt`. */
export function troubleOf(path: string, cause: unknown): NovaError {
  const code = Number((cause as { readonly errcode?: unknown } | null)?.errcode) & 0xff;
  if (code === FULL) {
    return new NovaError('unavailable', `the disk of ${path} is full: nothing is lost; make room, then try again`, {
      cause,
    });
  }
  if (NO_ACCESS.has(code)) {
    return new NovaError('misconfigured', `${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
  return new NovaError('corrupt', `${path} cannot be opened as a store: ${messageOf(cause)}`, { cause });
}
