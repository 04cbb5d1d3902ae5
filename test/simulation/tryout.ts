import { playHistory, type Counts } from './history.ts';
const [, , first = '1', count = '500'] = process.argv;
const sum: Record<string, number> = {};
const cpu = process.cpuUsage();
let bad = 0;
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  try {
    const c = await playHistory(seed);
    for (const [k, v] of Object.entries(c)) sum[k] = (sum[k] ?? 0) + v;
  } catch (e) { bad++; if (bad < 6) console.log(String(e).slice(0, 300)); }
}
const used = process.cpuUsage(cpu);
console.log(JSON.stringify(sum), 'bad', bad, Math.round(Number(count) / ((used.user + used.system) / 1e6)), 'histories/cpu-s');
