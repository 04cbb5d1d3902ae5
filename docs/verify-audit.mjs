// Checks an export of the audit trail with nothing of NovaOS: node verify-audit.mjs audit.jsonl [hash of the newest anchor]
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const [file, own] = process.argv.slice(2);
const [anchors, anchored, closed] = [[], new Map(), new Set()];
const START = { seq: 0, hash: '0'.repeat(64) };
const PLACE = { header: 0, anchor: 1, root: 2, record: 3, head: 3, end: 4 };
let [number, records, roots, scope, chain, place] = [0, 0, 0, null, null, 0];
const sha256 = (text) => createHash('sha256').update(text, 'utf8').digest('hex');
const must = (holds, what) => holds || process.exit(console.error(`line ${number}: ${what}`) ?? 1);
const follows = ({ seq, hash, bytes }, last, said = JSON.parse(bytes)) => {
  must(sha256(bytes) === hash, `record ${seq}: its bytes were changed`);
  must(seq === last.seq + 1 && said.seq === seq, `record ${last.seq + 1} is missing or out of place`);
  return must(said.prevHash === last.hash, `record ${seq} does not follow from the one before`) && said;
};
for await (const text of (await open(file)).readLines()) {
  const line = JSON.parse(text);
  const { kind, entity, seq, hash } = line;
  const [name, last, now] = [`${entity}#${seq}`, chain ?? START, PLACE[kind] ?? -1];
  number += 1;
  must(now >= place && place < 4 && (now === 0) === (number === 1), `a line out of place: ${kind}`);
  [scope, place] = [scope ?? line.scope, now];
  if (kind === 'header') must(line.format === 'nova-audit' && line.v === 1, 'no header');
  if (kind === 'anchor') {
    for (const [id, at, head] of follows(line, anchors.at(-1) ?? START).heads)
      if (!id.startsWith('pages:') && ['all', id].includes(scope)) anchored.set(`${id}#${at}`, head);
    anchors.push(line);
  } else if (kind === 'root') {
    const root = JSON.parse(line.bytes);
    must(sha256(line.bytes) === hash && anchors[root.seq - 1]?.hash === root.hash, 'a root of another anchor');
    roots += 1;
  } else if (kind === 'record') {
    must(['all', entity].includes(scope) && !closed.has(entity), `${entity} does not belong here`);
    must((chain ?? line).entity === entity && follows(line, last).entity === entity, 'a record of something else');
    must((anchored.get(name) ?? hash) === hash, `${name} is not what was anchored`);
    anchored.delete(name);
    [chain, records] = [line, records + 1];
  } else if (kind === 'head') {
    must(!closed.has(entity) && (chain ?? line).entity === entity, `${entity} is not in one piece`);
    must(last.seq === seq && last.hash === hash, `the head of ${entity} is not its last record`);
    chain = closed.add(entity) && null;
  } else if (kind === 'end') {
    const counts = [line.records, line.entities, line.anchors, line.roots].join();
    must(!chain && counts === [records, closed.size, anchors.length, roots].join(), 'wrong counts at the end');
  }
}
must(place === 4 && anchored.size === 0, `the file ends too early, without ${[...anchored.keys()][0] ?? 'its end'}`);
must(!own || anchors.at(-1)?.hash === own, 'the newest anchor is another one than yours');
console.log(`valid: ${records} records of ${closed.size} entities, ${anchors.length} anchors`);
