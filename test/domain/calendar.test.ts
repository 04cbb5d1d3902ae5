/** Hours, days, weeks and months of limits: they tile the line of time, in every zone and over every change of zone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Calendar,
  calendarIn,
  datesOf,
  momentAt,
  mondayOf,
  movedTo,
  PERS,
  periodOf,
} from '../../shared/domain/calendar.ts';
import { dayOf } from '../../shared/domain/period.ts';

const HOUR = 3_600_000;
const ZONES = [
  ...['UTC', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu'],
  ...['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Pacific/Apia', 'America/Sao_Paulo', 'Asia/Beirut'],
] as const;
const zone = fc.constantFrom(...ZONES);
const instant = fc.integer({ min: Date.UTC(2010, 0), max: Date.UTC(2030, 0) });

const hourIn = (ms: number, timezone: string): string => momentAt(ms, calendarIn(timezone)).hour;

test('an hour that the clock shows twice is one period, a skipped one is none', () => {
  // New York, 1 November 2026: from 2:00 back to 1:00 at 6:00 UTC.
  const shown = [4, 5, 6, 7].map((hour) => hourIn(Date.UTC(2026, 10, 1, hour, 30), 'America/New_York'));
  assert.deepEqual(shown, ['2026-11-01T00', '2026-11-01T01', '2026-11-01T01', '2026-11-01T02']);
  // 8 March 2026: from 2:00 to 3:00 at 7:00 UTC.
  const spring = [6, 7].map((hour) => hourIn(Date.UTC(2026, 2, 8, hour, 30), 'America/New_York'));
  assert.deepEqual(spring, ['2026-03-08T01', '2026-03-08T03']);
  // Lord Howe goes back half an hour: one hour lasts ninety minutes.
  const howe = [0, 29, 59, 60].map((minute) => hourIn(Date.UTC(2026, 3, 4, 14, minute), 'Australia/Lord_Howe'));
  assert.deepEqual(howe, ['2026-04-05T01', '2026-04-05T01', '2026-04-05T01', '2026-04-05T01']);
});

test('the hour lies in the day, and neither ever goes back', () => {
  fc.assert(
    fc.property(zone, instant, fc.integer({ min: 1, max: 40 * HOUR }), (timezone, ms, later) => {
      const [before, after] = [momentAt(ms, calendarIn(timezone)), momentAt(ms + later, calendarIn(timezone))];
      assert.equal(before.date, dayOf(ms, timezone));
      assert.equal(before.hour.slice(0, 10), before.date);
      assert.ok(after.date >= before.date && after.hour >= before.hour);
    }),
  );
});

test('weeks begin on Monday, and every date is in the span of its own period', () => {
  assert.deepEqual(['2026-11-16', '2026-11-20', '2026-11-22', '2026-11-23', '2027-01-01'].map(mondayOf), [
    '2026-11-16',
    '2026-11-16',
    '2026-11-16',
    '2026-11-23',
    '2026-12-28',
  ]);
  fc.assert(
    fc.property(instant, fc.constantFrom(...PERS), (ms, per) => {
      const moment = momentAt(ms, calendarIn('UTC'));
      const dates = datesOf(per, periodOf(per, moment));
      if (dates) assert.ok(dates.from <= moment.date && moment.date <= dates.to);
    }),
  );
});

type Move = { readonly after: number; readonly to: string };

/** The calendar after a life of moves, as each was noticed. */
function lived(first: string, start: number, moves: readonly Move[]): { calendar: Calendar; at: number }[] {
  let calendar = calendarIn(first);
  let at = start;
  return moves.map(({ after, to }) => {
    at += after;
    calendar = movedTo(calendar, to, at);
    return { calendar, at };
  });
}

const moves = fc.array(fc.record({ after: fc.integer({ min: 60_000, max: 60 * HOUR }), to: zone }), {
  minLength: 1,
  maxLength: 4,
});

test('P14: whoever moves, however often, is never in a new day before the running one is over', () => {
  fc.assert(
    fc.property(zone, instant, moves, (first, start, some) => {
      let known = calendarIn(first);
      let since = start;
      for (const { calendar, at } of lived(first, start, some)) {
        // What was running goes on at the moment of the move.
        assert.deepEqual(momentAt(at, calendar), momentAt(at, known), 'a move changes nothing at once');
        assert.ok(momentAt(at, known).date >= momentAt(since, known).date);
        [known, since] = [calendar, at];
      }
      // Days that begin within any 24 hours after all moves: at most two, the running one and the next.
      const days = new Set(Array.from({ length: 24 }, (_, hour) => momentAt(since + hour * HOUR, known).date));
      assert.ok(days.size <= 2, [...days].join(' '));
      for (let hour = 0; hour < 120; hour++) {
        const [one, two] = [momentAt(since + hour * HOUR, known), momentAt(since + (hour + 1) * HOUR, known)];
        assert.ok(two.date >= one.date && two.hour >= one.hour, `${one.hour} then ${two.hour}`);
      }
    }),
  );
});

test('a move takes effect at the first midnight of the new zone after the running day, with five minutes’ notice', () => {
  const noon = Date.UTC(2026, 10, 20, 12);
  const west = movedTo(calendarIn('UTC'), 'America/New_York', noon);
  assert.equal(west.begins, Date.UTC(2026, 10, 21, 5));
  assert.equal(momentAt(Date.UTC(2026, 10, 21, 4, 59), west).date, '2026-11-20');
  assert.equal(momentAt(Date.UTC(2026, 10, 21, 4, 59), west).hour, '2026-11-20T28');
  assert.equal(momentAt(Date.UTC(2026, 10, 21, 5), west).hour, '2026-11-21T00');
  const east = movedTo(calendarIn('UTC'), 'Pacific/Auckland', noon);
  // Midnight of the 21st was an hour ago in Auckland; the 22nd begins at 11:00 UTC on the 21st.
  assert.equal(new Date(east.begins).toISOString(), '2026-11-21T11:00:00.000Z');
  assert.equal(momentAt(east.begins, east).date, '2026-11-22');
});
