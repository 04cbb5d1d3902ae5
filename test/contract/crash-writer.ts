/** Writes until it is killed, and says what was acknowledged: the child of the crash test. */
import { writeSync } from 'node:fs';
import { openSqliteDb } from '../../shared/embedded/sqlite-db.ts';
import { sqliteQueue } from '../../shared/embedded/sqlite-queue.ts';
import { sqliteTable } from '../../shared/embedded/sqlite-table.ts';

const [path = '', round = '0'] = process.argv.slice(2);
const db = openSqliteDb({ path });
const table = sqliteTable(db);
const limits = { visibilitySeconds: 60, maxReceiveCount: 3 };
const queue = sqliteQueue<string>({ db, name: 'q', time: { now: () => Date.now() }, ...limits });

async function writer(number: number): Promise<never> {
  for (let n = 0; ; n++) {
    const id = `${round}-${number}-${n}`;
    await table.transact([
      { op: 'put', item: { pk: 'LEFT', sk: id, text: 'x'.repeat(200) }, if: [{ attr: 'pk', op: 'missing' }] },
      { op: 'put', item: { pk: 'RIGHT', sk: id, ixPk: 'I', ixSk: id } },
      { op: 'update', key: { pk: 'SUM', sk: 'a' }, add: { count: 1 } },
    ]);
    writeSync(1, `t ${id}\n`);
    await queue.send(id);
    writeSync(1, `q ${id}\n`);
  }
}

writeSync(1, 'ready\n');
await Promise.all(Array.from({ length: 10 }, (_, number) => writer(number)));
