/** `npm run bench`: what the system costs in time and units, on this machine, now. Flags: --quick, --json. */
import { parseArgs } from 'node:util';
import { FULL, measure, QUICK } from './measure.ts';
import { reportText } from './report.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' } } });
const report = await measure(values.quick ? QUICK : FULL);
console.log(values.json ? JSON.stringify(report, null, 2) : reportText(report));
