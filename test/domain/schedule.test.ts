import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NovaError } from '../../shared/domain/error.ts';
import { firings, nextFiring } from '../../shared/domain/schedule/next.ts';
import { parseSchedule } from '../../shared/domain/schedule/parse.ts';
import { firingsPerDay } from '../../shared/domain/schedule/per-day.ts';

function next(expression: string, zone: string, after: string, count = 3): string[] {
  const found: string[] = [];
  for (const ms of firings(parseSchedule(expression), zone, Date.parse(after))) {
    if (found.length === count) break;
    found.push(new Date(ms).toISOString().replace(':00.000Z', '').replace('.000Z', ''));
  }
  return found;
}

/** Friday. Expected in UTC; a date without a year is of 2026. */
const FRIDAY = '2026-11-20T08:00:00Z';
const TABLE: readonly [expression: string, zone: string, ...expected: string[]][] = [
  ['cron(0 23 ? * MON-FRI *)', 'UTC', '11-20T23:00', '11-23T23:00', '11-24T23:00'],
  ['cron(0 23 ? * MON-FRI *)', 'America/New_York', '11-21T04:00', '11-24T04:00', '11-25T04:00'],
  ['cron(0 23 ? * MON-FRI *)', 'Australia/Sydney', '11-20T12:00', '11-23T12:00', '11-24T12:00'],
  ['cron(0 18 ? * FRI *)', 'UTC', '11-20T18:00', '11-27T18:00', '12-04T18:00'],
  ['cron(0 18 ? * FRI *)', 'America/New_York', '11-20T23:00', '11-27T23:00', '12-04T23:00'],
  ['cron(0 18 ? * FRI *)', 'Australia/Sydney', '11-27T07:00', '12-04T07:00', '12-11T07:00'],
  ['cron(0 10 ? * 6L *)', 'UTC', '11-27T10:00', '12-25T10:00', '2027-01-29T10:00'],
  ['cron(0 10 ? * 6L *)', 'America/New_York', '11-27T15:00', '12-25T15:00', '2027-01-29T15:00'],
  ['cron(0 10 ? * 6L *)', 'Australia/Sydney', '11-26T23:00', '12-24T23:00', '2027-01-28T23:00'],
  ['cron(0/15 * * * ? *)', 'UTC', '11-20T08:15', '11-20T08:30', '11-20T08:45'],
  ['cron(0 9 LW * ? *)', 'UTC', '11-30T09:00', '12-31T09:00', '2027-01-29T09:00'],
  ['cron(0 9 15W * ? *)', 'UTC', '12-15T09:00', '2027-01-15T09:00', '2027-02-15T09:00'],
  ['cron(0 9 31W * ? *)', 'UTC', '12-31T09:00', '2027-01-29T09:00', '2027-03-31T09:00'],
  ['cron(0 9 ? * L *)', 'UTC', '11-21T09:00', '11-28T09:00', '12-05T09:00'],
  ['cron(0 9 ? * SAT-MON *)', 'UTC', '11-21T09:00', '11-22T09:00', '11-23T09:00'],
  ['cron(0 9 ? * MON#5 *)', 'UTC', '11-30T09:00', '2027-03-29T09:00', '2027-05-31T09:00'],
  ['cron(0 9 31 * ? *)', 'UTC', '12-31T09:00', '2027-01-31T09:00', '2027-03-31T09:00'],
];

for (const [expression, zone, ...expected] of TABLE) {
  test(`${expression} in ${zone} fires at ${expected.join(', ')}`, () => {
    const full = expected.map((text) => (text.length > 11 ? text : `2026-${text}`));
    assert.deepEqual(next(expression, zone, FRIDAY), full);
  });
}

test('a rate fires at once when it is created, then every period from that moment', () => {
  const expected = ['2026-11-20T08:02:10', '2026-11-20T08:07:10', '2026-11-20T08:12:10', '2026-11-20T08:17:10'];
  assert.deepEqual(next('rate(5 minutes)', 'UTC', '2026-11-20T08:02:10Z', 4), expected);
});

test('a rate keeps to its anchor however late it is asked', () => {
  const anchor = Date.parse('2026-11-20T08:02:10Z');
  const rate = parseSchedule('rate(5 minutes)');
  assert.equal(nextFiring(rate, 'UTC', anchor - 1, anchor), anchor);
  assert.equal(nextFiring(rate, 'UTC', anchor, anchor), anchor + 300_000);
  assert.equal(nextFiring(rate, 'UTC', anchor + 3 * 300_000 - 1, anchor), anchor + 900_000);
});

test('a day of a rate is 24 hours, whatever the clocks do', () => {
  const expected = ['2027-03-13T17:00', '2027-03-14T17:00', '2027-03-15T17:00'];
  assert.deepEqual(next('rate(1 day)', 'America/New_York', '2027-03-13T17:00:00Z'), expected);
});

test('at is wall time in its zone and fires once', () => {
  assert.deepEqual(next('at(2026-12-24T18:30:00)', 'Europe/Berlin', FRIDAY), ['2026-12-24T17:30']);
  assert.deepEqual(next('at(2026-12-24T18:30:00)', 'Europe/Berlin', '2026-12-24T17:30:00Z'), []);
});

test('at inside a gap never fires, and inside an overlap fires at the first of its two instants', () => {
  assert.deepEqual(next('at(2027-03-14T02:30:00)', 'America/New_York', FRIDAY), []);
  assert.deepEqual(next('at(2027-11-07T01:30:00)', 'America/New_York', FRIDAY), ['2027-11-07T05:30']);
});

const NIGHTS: readonly [what: string, expression: string, zone: string, after: string, ...expected: string[]][] = [
  [
    'skips half past two in the night the clocks go forward',
    'cron(30 2 * * ? *)',
    'America/New_York',
    '2027-03-13T00:00:00Z',
    '2027-03-13T07:30',
    '2027-03-15T06:30',
    '2027-03-16T06:30',
  ],
  [
    'passes over the lost hour when it fires every half hour',
    'cron(0/30 * * * ? *)',
    'America/New_York',
    '2027-03-14T06:00:00Z',
    '2027-03-14T06:30',
    '2027-03-14T07:00',
    '2027-03-14T07:30',
  ],
  [
    'fires once in the night the clocks go back, 2026',
    'cron(30 1 * * ? *)',
    'America/New_York',
    '2026-10-31T12:00:00Z',
    '2026-11-01T05:30',
    '2026-11-02T06:30',
    '2026-11-03T06:30',
  ],
  [
    'fires once in the night the clocks go back, 2027',
    'cron(30 1 * * ? *)',
    'America/New_York',
    '2027-11-07T00:00:00Z',
    '2027-11-07T05:30',
    '2027-11-08T06:30',
    '2027-11-09T06:30',
  ],
  [
    'does not fire in the second hour of an overlap, even when asked from within it',
    'cron(0/30 * * * ? *)',
    'America/New_York',
    '2027-11-07T06:10:00Z',
    '2027-11-07T07:00',
    '2027-11-07T07:30',
    '2027-11-07T08:00',
  ],
  [
    'skips a quarter past two where the clock jumps by half an hour',
    'cron(15 2 * * ? *)',
    'Australia/Lord_Howe',
    '2026-10-02T20:00:00Z',
    '2026-10-04T15:15',
    '2026-10-05T15:15',
    '2026-10-06T15:15',
  ],
  [
    'fires once where the clock falls back by half an hour',
    'cron(45 1 * * ? *)',
    'Australia/Lord_Howe',
    '2027-04-03T10:00:00Z',
    '2027-04-03T14:45',
    '2027-04-04T15:15',
    '2027-04-05T15:15',
  ],
  [
    'leaves out the day that Samoa skipped',
    'cron(0 12 * * ? *)',
    'Pacific/Apia',
    '2011-12-28T23:00:00Z',
    '2011-12-29T22:00',
    '2011-12-30T22:00',
    '2011-12-31T22:00',
  ],
];

for (const [what, expression, zone, after, ...expected] of NIGHTS) {
  test(`${expression} in ${zone} ${what}`, () => assert.deepEqual(next(expression, zone, after), expected));
}

test('a skipped day takes its only firing with it', () => {
  assert.deepEqual(next('cron(0 12 30 12 ? 2011)', 'Pacific/Apia', '2011-01-01T00:00:00Z'), []);
});

test('a date that does not exist never fires, nor on the day after it', () => {
  assert.deepEqual(next('cron(18 12 31 6 ? *)', 'UTC', FRIDAY), []);
  assert.deepEqual(next('cron(0 0 29 2 ? *)', 'UTC', FRIDAY, 2), ['2028-02-29T00:00', '2032-02-29T00:00']);
});

test('the nearest weekday never leaves its month', () => {
  const first = ['2026-08-03T09:00', '2026-09-01T09:00', '2026-10-01T09:00'];
  assert.deepEqual(next('cron(0 9 1W * ? *)', 'UTC', '2026-07-31T00:00:00Z'), first);
  assert.deepEqual(next('cron(0 9 31W * ? *)', 'UTC', '2026-05-01T00:00:00Z', 1), ['2026-05-29T09:00']);
});

test('years end a schedule, and the last year is 2199', () => {
  const expected = ['2027-01-01T09:00', '2028-01-01T09:00'];
  assert.deepEqual(next('cron(0 9 1 1 ? 2027-2028)', 'UTC', FRIDAY), expected);
  assert.deepEqual(next('cron(0 9 31 12 ? *)', 'UTC', '2199-01-01T00:00:00Z'), ['2199-12-31T09:00']);
  assert.deepEqual(next('cron(0 9 1 1 ? 1970)', 'UTC', '1969-12-31T00:00:00Z'), ['1970-01-01T09:00']);
});

const REFUSED: readonly [expression: string, because: RegExp][] = [
  ['cron(0 10 * * * *)', /exactly one .* must be \?/],
  ['cron(0 10 ? * ? *)', /exactly one .* must be \?/],
  ['cron(0 10 * * ?)', /six fields.*got 5/],
  ['cron(60 10 * * ? *)', /minute .* 0 to 59; got "60"/],
  ['cron(0 24 * * ? *)', /hour .* 0 to 23/],
  ['cron(0 10 32 * ? *)', /day of month .* 1 to 31/],
  ['cron(0 10 0 * ? *)', /day of month/],
  ['cron(0 10 ? * 8 *)', /day of week .* 1 to 7/],
  ['cron(0 10 ? * 0 *)', /day of week/],
  ['cron(0/0 10 * * ? *)', /step of 1 to 60; got "\/0"/],
  ['cron(0 10 * 13 ? *)', /month .* 1 to 12/],
  ['cron(0 10 * * ? 1969)', /year .* 1970 to 2199/],
  ['cron(0 10 * * ? 2200)', /year/],
  ['cron(30-10 10 * * ? *)', /upwards/],
  ['cron(0 10 ? * MON#6 *)', /1 to 5 after #/],
  ['cron(0 10 ? * MON#1,TUE#2 *)', /nothing beside it/],
  ['cron(0 10 L,15 * ? *)', /on its own/],
  ['cron(0 10 32W * ? *)', /day of month/],
  ['cron(-1 10 * * ? *)', /minute/],
  ['cron(1.5 10 * * ? *)', /minute/],
  ['cron(, 10 * * ? *)', /minute/],
  ['rate(0 minutes)', /whole number above 0.*got "rate\(0 minutes\)"/],
  ['rate(5 minute)', /rate takes/],
  ['rate(-5 minutes)', /rate takes/],
  ['rate(1.5 hours)', /rate takes/],
  ['rate(5 seconds)', /rate takes/],
  ['at(2026-06-31T10:00:00)', /existing/],
  ['at(2026-06-30T10:00:00Z)', /without a zone/],
  ['at(2026-06-30T24:00:00)', /existing/],
  ['0 10 * * ? *', /a schedule is cron/],
  ['every 5 minutes', /a schedule is cron/],
  ['', /got ""/],
];

for (const [expression, because] of REFUSED) {
  test(`"${expression}" is refused, with the reason`, () => {
    assert.throws(
      () => parseSchedule(expression),
      (thrown) => thrown instanceof NovaError && thrown.code === 'bad_input' && because.test(thrown.message),
    );
  });
}

test('rate(1 minute) and rate(1 minutes) are the same', () => {
  assert.deepEqual(parseSchedule('rate(1 minute)'), parseSchedule('rate(1 minutes)'));
});

const OFTEN: readonly [expression: string, count: number, days: number][] = [
  ['rate(1 minute)', 1440, 1],
  ['rate(7 minutes)', 1440, 7],
  ['rate(1 day)', 1, 1],
  ['rate(9 days)', 1, 9],
  ['cron(0/15 * * * ? *)', 672, 7],
  ['cron(0 9 * * ? *)', 7, 7],
  ['cron(0 9 ? * MON-FRI *)', 260, 364],
  ['cron(0 9 1 * ? *)', 12, 364],
  ['at(2026-12-24T18:30:00)', 1, 364],
  ['at(2020-12-24T18:30:00)', 0, 364],
];

for (const [expression, count, days] of OFTEN) {
  test(`${expression} counts as ${count} firings in ${days} days`, () => {
    assert.deepEqual(firingsPerDay(parseSchedule(expression), 'UTC', Date.parse(FRIDAY)), { count, days });
  });
}

test('an expression that AWS would refuse for its length is refused before anything is made', () => {
  const cron = (commas: number): string => `cron(${'1,'.repeat(commas)}1 * * * ? *)`;
  assert.equal(parseSchedule(cron(119)).kind, 'cron');
  assert.throws(() => parseSchedule(cron(121)), { code: 'bad_input', message: /at most 256 characters; got 259/ });
});
