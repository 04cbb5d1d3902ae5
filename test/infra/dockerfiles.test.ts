/** What the Dockerfiles promise, read from their text: no image is built by the tests. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTAINERS_FOLDER, IMAGES } from '../../infra/aws/bundle-containers.ts';
import { tasks } from '../../infra/topology.ts';

const textOf = (image: string): string => readFileSync(`containers/${image}/Dockerfile`, 'utf8');
const instructions = (text: string): string[] =>
  text.split('\n').filter((line) => line.trim() && !line.startsWith('#'));

test('every task of the topology has its image, and every image its task', () => {
  assert.deepEqual([...IMAGES].sort(), tasks.map(({ name }) => name).sort());
});

for (const image of IMAGES) {
  const lines = instructions(textOf(image));
  const has = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line));

  test(`${image}: every base is pinned by a digest`, () => {
    const froms = lines.filter((line) => line.startsWith('FROM '));
    assert.ok(froms.length > 0);
    for (const from of froms) {
      const [, name = ''] = /@\$\{((?:NODE|CUDA)_DIGEST)\}/.exec(from) ?? [];
      assert.match(textOf(image), new RegExp(`^ARG ${name || from}=sha256:[0-9a-f]{64}$`, 'm'));
    }
  });

  test(`${image}: it runs without root, installs nothing, and its health check looks at the heart`, () => {
    assert.ok(has(/^USER 1000:1000$/), 'by number: a name may be root');
    assert.ok(
      lines.findIndex((line) => line.startsWith('USER')) > lines.findIndex((line) => line.startsWith('COPY --chown')),
    );
    assert.ok(!has(/^(RUN|ADD)\b/), 'nothing is downloaded while it is built');
    assert.ok(has(/^HEALTHCHECK --interval=30s --timeout=10s .*--retries=3 CMD \["node", "\/app\/check.mjs"\]$/));
    assert.ok(has(/^ENTRYPOINT \["node", "\/app\/main.mjs"\]$/), 'no shell between SIGTERM and the program');
    assert.ok(has(/^ENV NODE_ENV=production TZ=UTC\b/));
    assert.ok(has(/^VOLUME \["\/tmp"\]$/));
    assert.ok(has(/^STOPSIGNAL SIGTERM$/));
    assert.ok(has(/^COPY --chown=root:root --chmod=0444 \*\.mjs \.\/$/), 'what it runs, it cannot write');
    assert.ok(!has(/^(EXPOSE|SHELL|CMD)\b/), 'nobody comes in, and nothing is started by a shell');
    assert.ok(!lines.some((line) => /secret|token|passw|api[_-]?key/i.test(line)), 'no secret is built in');
  });

  test(`${image}: its context holds the program and nothing else, small`, () => {
    const folder = join(CONTAINERS_FOLDER, image);
    for (const name of ['main', 'blueprints', 'check']) assert.ok(existsSync(join(folder, `${name}.mjs`)), name);
    const files = readdirSync(folder);
    assert.deepEqual(
      files.filter((name) => name !== 'Dockerfile' && !name.endsWith('.mjs')),
      [],
    );
    const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    assert.ok(bytes < 6 * 1024 * 1024, `${bytes} bytes`);
    assert.equal(readFileSync(join(folder, 'Dockerfile'), 'utf8'), textOf(image));
  });
}
