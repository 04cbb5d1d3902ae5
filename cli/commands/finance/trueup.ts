import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { messageOf, NovaError } from '../../../shared/domain/error.ts';
import { type AwsBill, readAwsBill, STAGE_TAG } from '../../../shared/domain/finance/aws-bill.ts';
import { driftAlarms, totalRow } from '../../../shared/domain/finance/true-up.ts';
import { compareBill, monthOf, trueUpService } from '../../../shared/store/true-up-store.ts';
import { worldCommand } from '../../command.ts';
import { flag, needed, text } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { wrap } from '../../render/style.ts';
import { table } from '../../render/table.ts';
import { centsOf, plural } from '../../render/words.ts';
import { money, shareOf } from '../../views/finance.ts';

const DAY_MS = 86_400_000;

export const command = worldCommand({
  noun: 'finance',
  verb: 'trueup',
  summary: 'AWS’s bill of a month beside what was booked; what is missing is booked',
  detail: `A Cost and Usage Report (CSV, also gzipped), or the answer of: aws ce get-cost-and-usage --granularity MONTHLY --metrics UnblendedCost --group-by Type=DIMENSION,Key=SERVICE Type=TAG,Key=${STAGE_TAG} with a --time-period. Only what carries the tag ${STAGE_TAG} of the stage counts, or with --whole all of it. Read again, a file books nothing; a later bill books the difference.`,
  args: {},
  options: {
    file: needed(text('the file', 'path')),
    month: text('which month of the file (default: the only one)', 'YYYY-MM'),
    tagged: text('the stage whose tag counts (default: this one’s)', 'name'),
    whole: flag('all of the file is this stage’s: it says nothing of tags'),
    dryRun: flag('compare, and book nothing'),
  },
  prepared: { bill: needed(text('the bill as it was read')) },
  examples: [
    'nova finance trueup --file october.csv.gz --stage prod',
    'nova finance trueup --file costs.json --month 2026-10 --dry-run --json',
  ],
  async prepare(input, here) {
    const { file, month, tagged, whole } = input;
    if (month !== undefined && !/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
      throw new NovaError('bad_input', `a month is written like 2026-10; got "${month}"`);
    const asked = { stage: tagged ?? here.stage ?? 'prod', month: month ?? null, whole };
    // Read in front of the person: a report may be a hundred megabytes, and only its sums travel.
    return { ...input, file: '-', bill: JSON.stringify(readAwsBill(contentOf(file), asked)) };
  },
  async run({ bill: told, dryRun }, { world, actor }) {
    const bill = JSON.parse(told) as AwsBill;
    const { month, otherMicros } = bill;
    const rows = await compareBill(world, bill);
    const entries: string[] = [];
    for (const row of dryRun ? [] : rows) {
      const entry = await trueUpService(world, { month, row }, { actor, reason: `AWS's bill of ${month}` });
      if (entry) entries.push(entry.id);
    }
    const { fromMs, toMs } = monthOf(month);
    const days = Math.max(1, Math.ceil((Math.min(world.time.now(), toMs) - fromMs) / DAY_MS));
    const { service: _, ...total } = totalRow(rows);
    const services = rows.map(({ service, ...row }) => ({ id: service, ...row }));
    return { id: month, days, otherMicros, ...total, services, alarms: driftAlarms(rows, days), entries, dryRun };
  },
  render: (found, style) =>
    blocks(
      `${style.paint('bold', `AWS billed ${centsOf(found.billedMicros)} in ${found.id}`)}\n${style.paint('dim', `runs were charged ${centsOf(found.bookedMicros)}; of other stages or without a tag ${centsOf(found.otherMicros)}`)}`,
      table(
        found.services,
        [
          { title: 'SERVICE', value: ({ id }) => id, min: 10 },
          money('BILLED', 'billedMicros'),
          money('BOOKED', 'bookedMicros'),
          money('PUT RIGHT', 'adjustedMicros', 1),
          money('DRIFT', 'driftMicros'),
          { title: 'OF BILL', value: ({ driftBps }) => shareOf(driftBps), align: 'right' },
          money('NOW', 'deltaMicros'),
        ],
        style,
        'nothing was billed',
      ),
      found.alarms.map((alarm) => style.paint('red', wrap(alarm, style.columns))).join('\n'),
      found.dryRun
        ? 'nothing was booked: --dry-run'
        : found.entries.length === 0
          ? 'nothing to book: all of it was put right before'
          : `${plural(found.entries.length, 'entry', 'entries')} booked: nova ledger list --source manual`,
    ),
});

/** Packed or not; what unpacks to more is no bill of a fleet. */
const MAX_BYTES = 256 * 1_048_576;

function contentOf(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) throw new RangeError(`it has ${size} bytes, and ${MAX_BYTES} are the most`);
    const bytes = readFileSync(file);
    const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (packed ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes).toString('utf8');
  } catch (thrown) {
    throw new NovaError('bad_input', `the file "${file}" cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
}
