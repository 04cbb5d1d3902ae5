/** The promise of the synthesis, made by the real command: three stages, no network, fifteen seconds of two quiet cores. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const STAGES = ['test', 'staging', 'prod'];
const MOST_SECONDS = 15;
/** Where nobody else works the time on the clock is held to the promise; elsewhere that of the processors alone. */
const quiet = (): boolean => (loadavg()[0] ?? 0) < 0.5 * availableParallelism();

type Synthesis = {
  readonly code: number;
  readonly said: string;
  readonly clockSeconds: number;
  /** Of the processors, of all processes together. */
  readonly workSeconds: number;
};

/** A network of its own without a way out, where this machine lets us have one. */
const cutOff = spawnSync('unshare', ['-rn', 'true']).status === 0 ? ['unshare', '-rn'] : [];

/** The shell tells at the end what its children took: `0m6.960000s 0m0.830000s` on its last line. */
async function synthesis(folder: string, env: NodeJS.ProcessEnv): Promise<Synthesis> {
  const cdk = [process.execPath, join(ROOT, 'node_modules/aws-cdk/bin/cdk'), 'synth', '-q', '-o', folder];
  const words = [...cutOff, 'sh', '-c', '"$0" "$@"; code=$?; times; exit $code', ...cdk];
  const [program = 'sh', ...rest] = [...words, '-c', `stages=${STAGES.join(',')}`];
  const before = performance.now();
  const child = spawn(program, rest, { cwd: ROOT, env });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => said.push(text.toString()));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
  const clockSeconds = (performance.now() - before) / 1000;
  const text = said.join('');
  const all = [...text.matchAll(/^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/gm)].at(-1)?.slice(1).map(Number) ?? [];
  const [userMinutes = 0, user = Number.NaN, systemMinutes = 0, system = Number.NaN] = all;
  return { code, said: text, clockSeconds, workSeconds: 60 * (userMinutes + systemMinutes) + user + system };
}

test('three stages are synthesized in fifteen seconds, without a network, an account or a home', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-synth-'));
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(502).end();
  });
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    const address = proxy.address();
    const way = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    const proxies = { HTTPS_PROXY: way, HTTP_PROXY: way, https_proxy: way, http_proxy: way };
    const isQuiet = quiet();
    const made = await synthesis(join(folder, 'out'), {
      PATH: process.env.PATH,
      HOME: join(folder, 'none'),
      ...proxies,
    });
    assert.equal(made.code, 0, made.said);
    for (const stage of STAGES)
      for (const stack of ['data', 'work'])
        assert.ok(existsSync(join(folder, 'out', `nova-${stage}-${stack}.template.json`)), `${stage} ${stack}`);
    assert.deepEqual(asked, [], 'the synthesis asked the network');
    const [clock, work] = [made.clockSeconds.toFixed(1), made.workSeconds.toFixed(1)];
    t.diagnostic(
      `synthesis of ${STAGES.length} stages: ${work} s of processors, ${clock} s on the clock of a ${isQuiet ? 'quiet' : 'busy'} machine; ` +
        `${cutOff.length > 0 ? 'in a network without a way out' : 'every way out watched'}`,
    );
    assert.ok(made.workSeconds > 0.5 && made.workSeconds <= MOST_SECONDS, `${work} s of processors\n${made.said}`);
    if (isQuiet) assert.ok(made.clockSeconds <= MOST_SECONDS, `${clock} s on the clock`);
  } finally {
    proxy.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
