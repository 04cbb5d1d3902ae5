/**
 * Wall time and instants in IANA zones. "Local" milliseconds are wall time written as if it were UTC:
 * Date.UTC(2027, 2, 14, 2, 30) is half past two on any wall. No zone has changed its offset twice within 32 hours since
 * 1970 (checked over all 418 zones of ICU); the look-ups below rest on that.
 */
import { NovaError } from './error.ts';

const DAY = 86_400_000;
/** Offsets lie between -12 and +14 hours (-15 in history): local time read as UTC is never further off than this. */
const REACH = 16 * 3_600_000;
/** Days remembered per zone before the memory starts anew: 50 years take 18,000. */
const MAX_DAYS = 20_000;

type Zone = {
  readonly format: Intl.DateTimeFormat;
  /** Offset at the start of a UTC day, by its number since 1970. */
  readonly atDayStart: Map<number, number>;
  /** The instant within a UTC day at which the offset changes. */
  readonly changes: Map<number, number>;
};

const zones = new Map<string, Zone>();

/** @throws NovaError bad_input unless `timezone` is an IANA name as it is spelled there. */
export function assertTimezone(timezone: string): void {
  zoneOf(timezone);
}

function zoneOf(timezone: string): Zone {
  const known = zones.get(timezone);
  if (known) return known;
  const zone: Zone = { format: formatOf(timezone), atDayStart: new Map(), changes: new Map() };
  zones.set(timezone, zone);
  return zone;
}

function formatOf(timezone: string): Intl.DateTimeFormat {
  const allowed = 'allowed is an IANA name such as Europe/Berlin, America/New_York or UTC';
  // Intl takes "+05:30" as well; AWS does not.
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(timezone))
    throw new NovaError('bad_input', `the time zone is unknown: ${allowed}; got "${timezone}"`);
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    // Intl ignores case, AWS does not.
    const spelled = format.resolvedOptions().timeZone;
    if (spelled !== timezone && spelled.toLowerCase() === timezone.toLowerCase())
      throw new NovaError('bad_input', `the time zone is spelled "${spelled}"; got "${timezone}"`);
    return format;
  } catch (thrown) {
    if (thrown instanceof NovaError) throw thrown;
    throw new NovaError('bad_input', `the time zone is unknown: ${allowed}; got "${timezone}"`, { cause: thrown });
  }
}

/** Slow (microseconds) and exact: what the wall shows, minus the instant. */
function readOffset(zone: Zone, ms: number): number {
  const shown: Record<string, number> = {};
  for (const { type, value } of zone.format.formatToParts(ms)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

function offsetAtDayStart(zone: Zone, day: number): number {
  const known = zone.atDayStart.get(day);
  if (known !== undefined) return known;
  if (zone.atDayStart.size >= MAX_DAYS) {
    zone.atDayStart.clear();
    zone.changes.clear();
  }
  const offset = readOffset(zone, day * DAY);
  zone.atDayStart.set(day, offset);
  return offset;
}

/** The first millisecond of a UTC day, whose ends differ, that has the later offset. */
function changeWithin(zone: Zone, day: number, later: number): number {
  const known = zone.changes.get(day);
  if (known !== undefined) return known;
  let before = (day * DAY) / 1000;
  let after = ((day + 1) * DAY) / 1000;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (readOffset(zone, middle * 1000) === later) after = middle;
    else before = middle;
  }
  zone.changes.set(day, after * 1000);
  return after * 1000;
}

function offsetIn(zone: Zone, ms: number): number {
  const day = Math.floor(ms / DAY);
  const start = offsetAtDayStart(zone, day);
  const end = offsetAtDayStart(zone, day + 1);
  if (start === end) return start;
  return ms < changeWithin(zone, day, end) ? start : end;
}

/**
 * Wall time minus UTC, in milliseconds, at an instant.
 * @throws NovaError bad_input for an unknown zone.
 */
export function offsetAt(ms: number, timezone: string): number {
  return offsetIn(zoneOf(timezone), ms);
}

/** What the wall shows at an instant, as local milliseconds. */
export function localAt(ms: number, timezone: string): number {
  return ms + offsetAt(ms, timezone);
}

/** The first instant at which the wall shows `localMs`; null when a gap (spring, a skipped day) has swallowed it. */
export function instantOf(localMs: number, timezone: string): number | null {
  const zone = zoneOf(timezone);
  const early = offsetIn(zone, localMs - REACH);
  const late = offsetIn(zone, localMs + REACH);
  if (early === late) return localMs - early;
  // The larger offset is the earlier instant: in an overlap both hold and the first wins.
  for (const offset of early > late ? [early, late] : [late, early]) {
    if (offsetIn(zone, localMs - offset) === offset) return localMs - offset;
  }
  return null;
}

/** The first instant at which the wall shows `localMs` or anything later. */
export function firstInstantFrom(localMs: number, timezone: string): number {
  const shown = instantOf(localMs, timezone);
  if (shown !== null) return shown;
  const zone = zoneOf(timezone);
  const late = offsetIn(zone, localMs + REACH);
  // In a gap the answer is the moment of the change itself, somewhere within reach.
  for (let day = Math.floor((localMs - REACH) / DAY); day <= Math.floor((localMs + REACH) / DAY); day++) {
    if (offsetAtDayStart(zone, day) !== offsetAtDayStart(zone, day + 1)) return changeWithin(zone, day, late);
  }
  throw new NovaError('broken', `no change of the offset of ${timezone} was found around local ${localMs}`);
}
