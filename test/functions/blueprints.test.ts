/** The blueprints there are, and what each of them makes of its config. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { blueprintNames, loadBlueprint } from '../../shared/blueprints/registry.ts';
import type { JsonObject } from '../../shared/domain/agent.ts';
import { childFlags } from '../../shared/embedded/child-flags.ts';

const folder = join(import.meta.dirname, '../../shared/blueprints');
const files = readdirSync(folder)
  .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
  .filter(({ text }) => /^export const blueprint\b/m.test(text));

test('every file that exports a blueprint is in the registry under the name of its file', async () => {
  const expected = files.map(({ name }) => name.replace(/\.ts$/, '').replace('-', '.')).sort();
  assert.deepEqual(blueprintNames(), expected);
  for (const name of expected) assert.equal((await loadBlueprint(name)).name, name);
});

test('a blueprint reaches the world through ctx alone: no fetch, no process, no code from text', () => {
  const ways = /\bfetch\(|\bprocess\b|\beval\(|\bnew Function\b|\bWebSocket\b|\bglobalThis\b/;
  const found = files.filter(({ text }) => ways.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')));
  assert.deepEqual(
    found.map(({ name }) => name),
    [],
  );
});

test('an unknown blueprint is not found, and the message lists those there are', async () => {
  for (const name of ['no.such', 'constructor', '__proto__', '']) {
    await assert.rejects(loadBlueprint(name), { code: 'not_found', message: /lab\.scripted.*web\.watch/ });
  }
});

test('a child may neither write, nor read outside the source, nor start processes or threads, nor signal any, nor open a socket', () => {
  const walls = pathToFileURL(join(import.meta.dirname, '../../shared/embedded/child-walls.ts')).href;
  const tries = {
    "fs.writeFileSync('x','x')": 'ERR_ACCESS_DENIED',
    "fs.readFileSync('/etc/hostname')": 'ERR_ACCESS_DENIED',
    "require('child_process').execSync('true')": 'ERR_ACCESS_DENIED',
    "new (require('worker_threads').Worker)('1',{eval:true})": 'ERR_ACCESS_DENIED',
    "new (require('node:sqlite').DatabaseSync)('x')": 'ERR_UNKNOWN_BUILTIN_MODULE',
    "process.getBuiltinModule('node:sqlite').DatabaseSync": 'TypeError',
    'process.kill(process.ppid,0)': 'TypeError',
    'process._kill(process.ppid,0)': 'TypeError',
    'process._debugProcess.call(process,process.ppid)': 'TypeError',
    "fetch('http://localhost')": 'ReferenceError',
    "fs.readFileSync('/proc/1/environ')": 'ERR_ACCESS_DENIED',
    "fs.readFileSync('/proc/self/environ')": 'ERR_ACCESS_DENIED',
    "require('http').get('http://169.254.170.2/v2/metadata')": 'ERR_ACCESS_DENIED',
    "require('tls').connect(443,'127.0.0.1')": 'ERR_ACCESS_DENIED',
    "new (process.stdout.constructor)().connect(80,'127.0.0.1')": 'ERR_ACCESS_DENIED',
    "require('net').createServer().listen(0)": 'ERR_ACCESS_DENIED',
    "require('dgram').createSocket('udp4').send('x',53,'127.0.0.1')": 'ERR_ACCESS_DENIED',
    "Object.defineProperty(require('net').Socket.prototype,'connect',{value:1})": 'TypeError',
  };
  const attempts = Object.keys(tries).map(
    (text) => `try{${text};console.log('allowed')}catch(e){console.log(e.code??e.name)}`,
  );
  const script = `import(${JSON.stringify(walls)}).then(()=>{${attempts.join(';')}})`;
  const { stdout } = spawnSync(process.execPath, [...childFlags(64), '-e', script], { encoding: 'utf8', env: {} });
  assert.deepEqual(stdout.trim().split('\n'), Object.values(tries));
});

const BAD: readonly { readonly blueprint: string; readonly config: JsonObject; readonly says: RegExp }[] = [
  { blueprint: 'lab.scripted', config: {}, says: /outcomes/ },
  { blueprint: 'lab.scripted', config: { outcomes: [] }, says: /at least one entry/ },
  {
    blueprint: 'lab.scripted',
    config: { outcomes: [{ costUsd: '-1' }] },
    says: /\[0\]\.costUsd: .*negative; got "-1"/,
  },
  { blueprint: 'lab.scripted', config: { outcomes: [{ costUsd: '1.2.3' }] }, says: /\[0\]\.costUsd: .*got "1\.2\.3"/ },
  { blueprint: 'lab.scripted', config: { outcomes: [{}, { revenueUsd: 5 }] }, says: /\[1\]\.revenueUsd: .*string/ },
  { blueprint: 'lab.scripted', config: { outcomes: [{ crahs: 'x' }] }, says: /crahs/ },
  { blueprint: 'lab.scripted', config: { outcomes: [{}], timeoutSeconds: 0 }, says: /timeoutSeconds/ },
  { blueprint: 'web.watch', config: { pages: [{ url: 'ftp://x.org', selector: ' ' }] }, says: /url.*; .*selector/ },
  {
    blueprint: 'web.watch',
    config: { pages: Array(3).fill({ url: 'https://x.org', selector: 'a' }), maxPages: 2 },
    says: /pages: 3 pages/,
  },
];

for (const { blueprint, config, says } of BAD) {
  test(`${blueprint} refuses ${JSON.stringify(config).slice(0, 60)} and names the problem`, async () => {
    const { parseConfig } = await loadBlueprint(blueprint);
    assert.throws(() => parseConfig(config), { code: 'bad_input', message: says });
  });
}

test('the most a scripted run may cost is its dearest entry', async () => {
  const scripted = await loadBlueprint('lab.scripted');
  const config = scripted.parseConfig({ outcomes: [{ costUsd: '0.10' }, { costUsd: '2.5' }], timeoutSeconds: 5 });
  assert.deepEqual(scripted.limits(config), { costMicros: 2_500_000, timeoutSeconds: 5 });
});
