// Checks an export of the audit trail with nothing of NovaOS: node verify-audit.mjs audit.jsonl [hash of the newest anchor]
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

const [file, own] = process.argv.slice(2);
const sha256 = (text) => createHash('sha256').update(text, 'utf8').digest('hex');
const START = { seq: 0, hash: '0'.repeat(64) };
const [anchors, roots, anchored, closed] = [[], [], new Map(), new Set()];
let [number, records, chain, before] = [0, 0, null, null];

function must(holds, what) {
  if (!holds) process.exit(console.error(`line ${number}: ${what}`) ?? 1);
}
const follows = ({ seq, hash, bytes }, last, said = JSON.parse(bytes)) => {
  must(sha256(bytes) === hash, `record ${seq}: its bytes were changed`);
  must(seq === last.seq + 1 && said.seq === seq, `record ${last.seq + 1} is missing or out of place`);
  must(said.prevHash === last.hash, `record ${seq} does not follow from the one before`);
  return said;
};
const READ = {
  header: ({ format, v }) => must(number === 1 && format === 'nova-audit' && v === 1, 'no header'),
  anchor(line, scope) {
    for (const [id, seq, hash] of follows(line, anchors.at(-1) ?? START).heads)
      if (!id.startsWith('pages:') && ['all', id].includes(scope)) anchored.set(`${id}#${seq}`, hash);
    anchors.push(line);
  },
  root({ bytes, hash }, _, { seq, hash: named } = JSON.parse(bytes)) {
    must(sha256(bytes) === hash && anchors[seq - 1]?.hash === named, `the root of anchor ${seq} is another one`);
    roots.push(seq);
  },
  record(line, scope, name = `${line.entity}#${line.seq}`) {
    must(['all', line.entity].includes(scope) && !closed.has(line.entity), `${line.entity} does not belong here`);
    must(!chain || chain.entity === line.entity, `${chain?.entity} has no head`);
    must(follows(line, chain ?? START).entity === line.entity, 'a record of something else');
    must((anchored.get(name) ?? line.hash) === line.hash, `${name} is not the record that was anchored`);
    anchored.delete(name);
    [chain, records] = [line, records + 1];
  },
  head({ entity, seq, hash }, _, last = chain ?? START) {
    must(!closed.has(entity) && (!chain || chain.entity === entity), `${entity} is not in one piece`);
    must(last.seq === seq && last.hash === hash, `the head of ${entity} is not its last record`);
    chain = closed.add(entity) && null;
  },
  end(line) {
    const found = [records, closed.size, anchors.length, roots.length].join();
    must(!chain && found === [line.records, line.entities, line.anchors, line.roots].join(), 'wrong counts at the end');
  },
};
const PLACE = { header: 0, anchor: 1, root: 2, record: 3, head: 3, end: 4 };
let scope = null;
for await (const text of createInterface({ input: createReadStream(file, 'utf8') })) {
  const line = JSON.parse(text);
  number += 1;
  must(PLACE[line.kind] >= (PLACE[before] ?? 0) && before !== 'end', `a line out of place: ${line.kind}`);
  if (number === 1) must(line.kind === 'header', 'no header');
  scope ??= line.scope;
  READ[line.kind](line, scope);
  before = line.kind;
}
must(before === 'end', 'the file ends too early');
must(anchored.size === 0, `anchored and gone: ${[...anchored.keys()][0]}`);
must(!own || anchors.at(-1)?.hash === own, 'the newest anchor is another one than yours');
console.log(`valid: ${records} records of ${closed.size} entities, ${anchors.length} anchors`);
