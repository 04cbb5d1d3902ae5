import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NovaError } from '../../shared/domain/error.ts';
import { addDays, assertTimezone, dayBounds, dayOf, hourOf } from '../../shared/domain/period.ts';

const HOUR = 3_600_000;

const DAYS: readonly [date: string, zone: string, start: string, hours: number][] = [
  ['2026-11-20', 'UTC', '2026-11-20T00:00:00Z', 24],
  ['2026-03-08', 'America/New_York', '2026-03-08T05:00:00Z', 23],
  ['2026-11-01', 'America/New_York', '2026-11-01T04:00:00Z', 25],
  ['2027-03-14', 'America/New_York', '2027-03-14T05:00:00Z', 23],
  ['2026-10-04', 'Australia/Lord_Howe', '2026-10-03T13:30:00Z', 23.5],
  ['2027-04-04', 'Australia/Lord_Howe', '2027-04-03T13:00:00Z', 24.5],
  ['2026-01-01', 'Asia/Kathmandu', '2025-12-31T18:15:00Z', 24],
  ['2026-01-01', 'Pacific/Kiritimati', '2025-12-31T10:00:00Z', 24],
  ['2011-12-29', 'Pacific/Apia', '2011-12-29T10:00:00Z', 24],
  ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00Z', 0],
  ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00Z', 24],
  // Its midnight does not exist: the clock jumps from 24:00 to 01:00.
  ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00Z', 23],
  // One minute past midnight the clock went back into the day before.
  ['2010-11-07', 'America/St_Johns', '2010-11-07T02:30:00Z', 25],
];

for (const [date, zone, start, hours] of DAYS) {
  test(`${date} in ${zone} begins at ${start} and has ${hours} hours`, () => {
    const startMs = Date.parse(start);
    assert.deepEqual(dayBounds(date, zone), { startMs, endMs: startMs + hours * HOUR });
    if (hours === 0) return;
    assert.equal(dayOf(startMs, zone), date);
    assert.equal(dayOf(startMs + hours * HOUR - 1, zone), date);
    assert.notEqual(dayOf(startMs - 1, zone), date);
    assert.notEqual(dayOf(startMs + hours * HOUR, zone), date);
  });
}

test('days follow each other without a hole and never go backwards, over two years of every odd zone', () => {
  for (const zone of new Set(DAYS.map(([, zone]) => zone))) {
    let end = dayBounds('2010-12-31', zone).endMs;
    for (let date = '2011-01-01'; date < '2013-01-01'; date = addDays(date, 1)) {
      const bounds = dayBounds(date, zone);
      assert.equal(bounds.startMs, end, `${date} in ${zone}`);
      end = bounds.endMs;
    }
    let last = '';
    for (let ms = Date.UTC(2010, 10, 5); ms < Date.UTC(2010, 10, 10); ms += 60_000) {
      const date = dayOf(ms, zone);
      assert.ok(date >= last, `${date} after ${last} in ${zone}`);
      last = date;
    }
  }
});

test('dayOf answers the same whatever was asked before', () => {
  const moments = ['2026-11-01T03:59:59.999Z', '2026-11-01T04:00:00Z', '2026-11-02T04:59:59Z', '2026-11-02T05:00:00Z'];
  const dates = ['2026-10-31', '2026-11-01', '2026-11-01', '2026-11-02'];
  const ask = (i: number): string => dayOf(Date.parse(moments[i] ?? ''), 'America/New_York');
  for (const i of [0, 1, 2, 3, 2, 0, 3, 1, 1]) assert.equal(ask(i), dates[i]);
});

test('a day that has begun stays, though the wall shows the day before again', () => {
  assert.equal(dayOf(Date.parse('2010-11-07T02:29:00Z'), 'America/St_Johns'), '2010-11-06');
  assert.equal(hourOf(Date.parse('2010-11-07T03:00:00Z'), 'America/St_Johns'), 23);
  assert.equal(dayOf(Date.parse('2010-11-07T03:00:00Z'), 'America/St_Johns'), '2010-11-07');
});

test('hourOf reads the wall', () => {
  assert.equal(hourOf(Date.parse('2026-11-20T08:15:00Z'), 'America/New_York'), 3);
  assert.equal(hourOf(Date.parse('2026-11-20T18:14:59Z'), 'Asia/Kathmandu'), 23);
  assert.equal(hourOf(Date.parse('2026-11-20T18:15:00Z'), 'Asia/Kathmandu'), 0);
  assert.equal(hourOf(-1, 'UTC'), 23);
});

for (const zone of ['Mars/Olympus', '+05:30', '', 'america/new_york', 'Europe/Berlin\u0000', 'UTC+1']) {
  test(`the time zone "${zone}" is refused`, () => {
    assert.throws(
      () => assertTimezone(zone),
      (thrown) => thrown instanceof NovaError && thrown.code === 'bad_input' && thrown.message.includes(zone),
    );
  });
}

test('zones are taken under every IANA name, aliases too', () => {
  for (const zone of ['UTC', 'Etc/UTC', 'Etc/GMT+5', 'Asia/Kolkata', 'Asia/Calcutta', 'US/Eastern'])
    assertTimezone(zone);
});

for (const date of ['2026-02-30', '2026-2-3', 'today', '']) {
  test(`the date "${date}" is refused`, () => {
    assert.throws(() => dayBounds(date, 'UTC'), { code: 'bad_input' });
  });
}
