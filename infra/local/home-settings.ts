/** The owner's settings on one machine: a file in the data directory, written with its defaults at the first start. */
import { existsSync } from 'node:fs';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { assertTimezone } from '../../shared/domain/zone.ts';
import type { Settings } from '../../shared/ports/settings.ts';
import { type Home, readJson, writePrivately } from './home.ts';

type Kept = {
  readonly timezone: string;
  readonly ownerEmail: string;
  readonly senderEmail: string;
  /** `catch` keeps mails in the data directory; `sendgrid` sends them, with the secret sendgrid-api-key. */
  readonly mail: string;
};

const FILE = 'settings.json';
const LEASE_SECONDS = 60;
const HEARTBEAT_SECONDS = 20;
/** A look is one read of a local file. */
const LOOK_SECONDS = 0.2;

/** Whether mails really leave this machine. @throws NovaError misconfigured for another word. */
export function sendsMail(home: Home): boolean {
  const { mail } = keptSettings(home);
  if (mail !== 'catch' && mail !== 'sendgrid') {
    throw new NovaError('misconfigured', `${home.file(FILE)}: mail is catch or sendgrid; got "${mail}"`);
  }
  return mail === 'sendgrid';
}

/** @throws NovaError misconfigured for an unknown zone, corrupt when the file cannot be read. */
export function homeSettings(home: Home, timeScale: number): Settings {
  const kept = keptSettings(home);
  try {
    assertTimezone(kept.timezone);
  } catch (cause) {
    throw new NovaError('misconfigured', `${home.file(FILE)}: ${messageOf(cause)}`, { cause });
  }
  return {
    stage: 'local',
    timezone: kept.timezone,
    currency: 'USD',
    ownerEmail: kept.ownerEmail,
    senderEmail: kept.senderEmail,
    // The owner's machine runs anyway.
    computeNanosPerSecond: 0,
    // Times are whole milliseconds.
    leaseSeconds: Math.max(1, Math.round(LEASE_SECONDS / timeScale)),
    lookSeconds: LOOK_SECONDS,
    heartbeatSeconds: Math.max(0.3, Math.round((HEARTBEAT_SECONDS * 1000) / timeScale) / 1000),
  };
}

function keptSettings(home: Home): Kept {
  const path = home.file(FILE);
  const defaults: Kept = {
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ownerEmail: 'owner@nova.local',
    senderEmail: 'nova@nova.local',
    mail: 'catch',
  };
  if (!existsSync(path)) writePrivately(path, `${JSON.stringify(defaults, null, 2)}\n`);
  const read = readJson(path);
  if (typeof read !== 'object' || Array.isArray(read)) {
    throw new NovaError('corrupt', `${path} is damaged: expected an object`);
  }
  const kept = { ...defaults, ...(read as Partial<Kept>) };
  for (const [name, value] of Object.entries(kept)) {
    if (typeof value !== 'string')
      throw new NovaError('corrupt', `${path}: ${name} is a text; got ${JSON.stringify(value)}`);
  }
  return kept;
}
