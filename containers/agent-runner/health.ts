/** Health is a heart that beats: a file is touched at every heartbeat that was kept, and looked at by the health check. */
import { statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FILE = join(tmpdir(), 'nova-heartbeat');
/** Four heartbeats of 20 s, and some time for the check itself. */
const SILENCE_MS = 90_000;

export function sayHealthy(): void {
  writeFileSync(FILE, '', { mode: 0o600 });
}

const BEAT_MS = 20_000;

/** Between two cycles no lease is kept: that the process still turns is all there is to say. */
export async function healthily<T>(rest: Promise<T>): Promise<T> {
  const timer = setInterval(sayHealthy, BEAT_MS);
  try {
    return await rest;
  } finally {
    clearInterval(timer);
  }
}

export function isHealthy(now: number): boolean {
  const touched = statSync(FILE, { throwIfNoEntry: false })?.mtimeMs;
  return touched !== undefined && now - touched < SILENCE_MS;
}
