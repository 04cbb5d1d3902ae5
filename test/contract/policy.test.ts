/** One table of questions, put to the rules in this process and to a server; and every way in which asking can fail. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DEFAULT_POLICY } from '../../shared/domain/policy.ts';
import type { PolicyQuestion, PolicyVerdict } from '../../shared/domain/policy-question.ts';
import { DEFAULT_RULES, settingsOf } from '../../shared/domain/policy-rules.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { readArtifact } from '../../shared/policy/artifact.ts';
import { cachedPolicy } from '../../shared/policy/cached-policy.ts';
import { openPolicy } from '../../shared/policy/open-policy.ts';
import { serverPolicy } from '../../shared/policy/server-policy.ts';
import { PINNED_RULES, wasmPolicy } from '../../shared/policy/wasm-policy.ts';
import type { PolicyBasis, PolicyEngine } from '../../shared/ports/policy.ts';
import { NO_OPA, type OpaServer, opaBinary, startOpa } from '../fixtures/opa.ts';
import { CASE_DEFAULTS, POLICY_CASES } from '../fixtures/policy-cases.ts';

const BASIS: PolicyBasis = { settings: CASE_DEFAULTS, rules: null };
const PAUSE: PolicyQuestion = {
  subject: { id: 'cli:alice', kind: 'person', roles: ['admin'] },
  action: 'agent:pause',
  resource: { kind: 'agent', id: 'shop' },
  attributes: {},
};

test('the table goes by the numbers that a new workspace has', () => {
  assert.deepEqual(CASE_DEFAULTS, settingsOf({ ...DEFAULT_POLICY, mode: 'auto' }, DEFAULT_RULES));
  assert.ok(POLICY_CASES.length >= 180);
});

async function holds(engine: PolicyEngine): Promise<void> {
  const wrong: unknown[] = [];
  for (const { name, question, settings, effect, reason } of POLICY_CASES) {
    const verdict = await engine.evaluate(question, { settings, rules: null });
    const right = verdict.effect === effect && verdict.reasons.includes(reason) && verdict.version === settings.version;
    if (!right || verdict.trouble) wrong.push({ name, wanted: { effect, reason }, verdict });
  }
  assert.deepEqual(wrong, []);
}

describe('in this process', () => {
  const engine = wasmPolicy({ artifact: readArtifact });

  test('every case of the table', () => holds(engine));

  test('every case of the table through the cache, twice', async () => {
    const cached = cachedPolicy(engine, { time: stillClock() });
    // The settings differ under one version here, as they never do in a workspace.
    for (const { question, settings, effect } of POLICY_CASES) {
      cached.forget();
      for (const _ of [1, 2]) assert.equal((await cached.evaluate(question, { settings, rules: null })).effect, effect);
    }
  });

  test('a verdict names the rules and the version that it came from', async () => {
    const { rules, version } = await engine.evaluate(PAUSE, BASIS);
    assert.deepEqual({ rules, version }, { rules: PINNED_RULES, version: '0.0' });
  });

  test('rules of another hash deny everything, and say so', async () => {
    const changed = wasmPolicy({
      artifact: async () => {
        const bytes = new Uint8Array(await readArtifact());
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        return bytes;
      },
    });
    const { effect, reasons, trouble } = await changed.evaluate(PAUSE, BASIS);
    assert.deepEqual([effect, trouble], ['deny', true]);
    assert.match(reasons.join(), /its rules are not the pinned ones/);
  });

  test('rules that cannot be read deny, and are read again at the next question', async () => {
    let there = false;
    const engine = wasmPolicy({ artifact: () => (there ? readArtifact() : Promise.reject(new Error('no such file'))) });
    assert.match((await engine.evaluate(PAUSE, BASIS)).reasons.join(), /no such file/);
    there = true;
    assert.equal((await engine.evaluate(PAUSE, BASIS)).effect, 'allow');
  });

  test('rules of the owner take the place of ours, under their own hash only', async () => {
    const wasm = await readArtifact();
    const packed = gzipSync(wasm).toString('base64');
    const sha256 = createHash('sha256').update(wasm).digest('hex');
    const read = async () => packed;
    const other = wasmPolicy({ artifact: () => Promise.reject(new Error('not asked for')) });
    const right = await other.evaluate(PAUSE, { ...BASIS, rules: { sha256, read } });
    assert.deepEqual([right.effect, right.rules], ['allow', sha256]);
    const wrong = await other.evaluate(PAUSE, { ...BASIS, rules: { sha256: 'f'.repeat(64), read } });
    assert.deepEqual([wrong.effect, wrong.trouble], ['deny', true]);
    const garbage = await other.evaluate(PAUSE, {
      ...BASIS,
      rules: { sha256: 'e'.repeat(64), read: async () => 'no gzip' },
    });
    assert.deepEqual([garbage.effect, garbage.trouble], ['deny', true]);
  });

  test('what no JSON holds is denied, not thrown', async () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const question = { ...PAUSE, attributes: circular } as unknown as PolicyQuestion;
    const cached = cachedPolicy(engine, { time: stillClock() });
    for (const one of [engine, cached]) assert.equal((await one.evaluate(question, BASIS)).trouble, true);
  });

  test('a large question is judged, and the next one as well', async () => {
    const attributes = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`attribute${n}`, 'x'.repeat(50)]));
    assert.equal((await engine.evaluate({ ...PAUSE, attributes }, BASIS)).effect, 'allow');
    assert.equal((await engine.evaluate(PAUSE, BASIS)).effect, 'allow');
  });
});

const binary = opaBinary();

describe('by a server', { skip: binary ? false : NO_OPA }, () => {
  let opa: OpaServer | undefined;
  before(async () => {
    opa = await startOpa(binary ?? '');
  });
  after(() => opa?.stop());

  test('every case of the table', () => holds(serverPolicy({ url: opa?.url ?? '' })));

  test('the address alone chooses the server', async () => {
    const verdict = await openPolicy(stillClock(), opa?.url).evaluate(PAUSE, BASIS);
    assert.deepEqual([verdict.effect, verdict.rules], ['allow', 'server']);
  });

  test('a server that dies denies, although it allowed before', async () => {
    const own = await startOpa(binary ?? '');
    const engine = serverPolicy({ url: own.url });
    assert.equal((await engine.evaluate(PAUSE, BASIS)).effect, 'allow');
    await own.stop();
    const { effect, trouble } = await engine.evaluate(PAUSE, BASIS);
    assert.deepEqual([effect, trouble], ['deny', true]);
  });
});

const ALLOW = { effect: 'allow', reasons: ['because'], version: '0.0' };
const json = (body: unknown): RequestListener => {
  return (_, response) => response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

const TROUBLES: readonly { readonly name: string; readonly listener: RequestListener; readonly says: RegExp }[] = [
  { name: 'nothing at all', listener: json(''), says: /something else than JSON/ },
  { name: 'HTML', listener: json('<html>allow</html>'), says: /something else than JSON/ },
  { name: 'cut JSON', listener: json('{"result":{"effect":"allow"'), says: /something else than JSON/ },
  { name: 'an undefined result', listener: json({}), says: /gave no result/ },
  { name: 'true', listener: json({ result: true }), says: /not a verdict/ },
  { name: 'null', listener: json(null), says: /gave no result/ },
  { name: 'a list', listener: json({ result: [ALLOW] }), says: /not a verdict/ },
  { name: 'another effect', listener: json({ result: { ...ALLOW, effect: 'ALLOW' } }), says: /not a verdict/ },
  { name: 'more than a verdict', listener: json({ result: { ...ALLOW, allow: true } }), says: /not a verdict/ },
  { name: 'no reasons', listener: json({ result: { ...ALLOW, reasons: [] } }), says: /no readable reasons/ },
  {
    name: 'a reason that is no text',
    listener: json({ result: { ...ALLOW, reasons: [1] } }),
    says: /no readable reasons/,
  },
  { name: 'another version', listener: json({ result: { ...ALLOW, version: '0.1' } }), says: /other settings/ },
  { name: 'no version', listener: json({ result: { effect: 'allow', reasons: ['x'] } }), says: /other settings/ },
  {
    name: 'bytes that are no text',
    listener: (_, r) => r.end(Buffer.from([0xff, 0xfe, 0x00])),
    says: /could not be asked/,
  },
  {
    name: 'an error with a verdict in it',
    listener: (_, r) => r.writeHead(500).end(JSON.stringify({ result: ALLOW })),
    says: /answered 500/,
  },
  {
    name: 'a way to somewhere else',
    listener: (_, r) => r.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    says: /could not be asked/,
  },
  { name: 'a closed connection', listener: (request) => request.socket.destroy(), says: /could not be asked/ },
  {
    name: 'a megabyte',
    listener: json({ result: ALLOW, padding: 'x'.repeat(1_048_576) }),
    says: /answers too much/,
  },
  { name: 'silence', listener: () => undefined, says: /no answer within 250 ms/ },
  {
    name: 'half an answer, then silence',
    listener: (_, r) => void r.write('{"result":'),
    says: /no answer within 250 ms/,
  },
];

describe('by a server in trouble', () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close().closeAllConnections();
  });
  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  test('a right answer is taken: the server of these tests is no trouble by itself', async () => {
    const asked: string[] = [];
    const url = await serve((request, response) => {
      request.on('data', (chunk: Buffer) => asked.push(chunk.toString()));
      request.on('end', () => response.end(JSON.stringify({ result: ALLOW, decision_id: 'd' })));
    });
    assert.equal((await serverPolicy({ url }).evaluate(PAUSE, BASIS)).effect, 'allow');
    assert.deepEqual(JSON.parse(asked.join('')), { input: { ...PAUSE, settings: CASE_DEFAULTS } });
  });

  for (const { name, listener, says } of TROUBLES) {
    test(`${name} denies`, async () => {
      const before = performance.now();
      const engine = serverPolicy({ url: await serve(listener), timeoutMs: 250 });
      const { effect, reasons, trouble } = await engine.evaluate(PAUSE, BASIS);
      assert.deepEqual([effect, trouble], ['deny', true]);
      assert.match(reasons.join(), says);
      assert.ok(performance.now() - before < 2_000, 'it took too long to deny');
    });
  }

  test('nobody at the address denies', async () => {
    const { effect, trouble } = await serverPolicy({ url: 'http://127.0.0.1:1' }).evaluate(PAUSE, BASIS);
    assert.deepEqual([effect, trouble], ['deny', true]);
  });
});

describe('remembered verdicts', () => {
  const counting = () => {
    const verdict: PolicyVerdict = { ...ALLOW, effect: 'allow', rules: 'server', trouble: false };
    const state = { asked: 0, verdict };
    const engine: PolicyEngine = {
      name: 'counting',
      evaluate: async () => {
        state.asked++;
        return state.verdict;
      },
    };
    return { state, engine };
  };

  test('a right that a server revokes is gone after 60 s at the latest', async () => {
    const clock = stillClock();
    const { state, engine } = counting();
    const cached = cachedPolicy(engine, { time: clock });
    await cached.evaluate(PAUSE, BASIS);
    const revoked = { ...state.verdict, effect: 'deny' } as const;
    Object.assign(state, { verdict: revoked });
    clock.set(clock.now() + 59_999);
    assert.equal((await cached.evaluate(PAUSE, BASIS)).effect, 'allow', 'nothing is remembered');
    clock.set(clock.now() + 1);
    assert.equal((await cached.evaluate(PAUSE, BASIS)).effect, 'deny');
  });

  test('a right that is revoked here is gone at once: the roles are part of the question', async () => {
    const engine = cachedPolicy(wasmPolicy({ artifact: readArtifact }), { time: stillClock() });
    assert.equal((await engine.evaluate(PAUSE, BASIS)).effect, 'allow');
    const revoked = { ...PAUSE, subject: { ...PAUSE.subject, roles: ['viewer'] as const } };
    assert.equal((await engine.evaluate(revoked, BASIS)).effect, 'deny');
  });

  test('another version of the settings, or other rules, are asked anew', async () => {
    const { state, engine } = counting();
    const cached = cachedPolicy(engine, { time: stillClock() });
    await cached.evaluate(PAUSE, BASIS);
    await cached.evaluate(PAUSE, BASIS);
    assert.equal(state.asked, 1);
    await cached.evaluate(PAUSE, { ...BASIS, settings: { ...CASE_DEFAULTS, version: '1.0' } });
    await cached.evaluate(PAUSE, { ...BASIS, rules: { sha256: 'a'.repeat(64), read: async () => '' } });
    assert.equal(state.asked, 3);
    cached.forget();
    await cached.evaluate(PAUSE, BASIS);
    assert.equal(state.asked, 4);
  });

  test('trouble is not remembered', async () => {
    const { state, engine } = counting();
    Object.assign(state, { verdict: { ...state.verdict, effect: 'deny', trouble: true } });
    const cached = cachedPolicy(engine, { time: stillClock() });
    await cached.evaluate(PAUSE, BASIS);
    await cached.evaluate(PAUSE, BASIS);
    assert.equal(state.asked, 2);
  });

  test('it holds at most so many, and a clock that is set back makes nothing last longer', async () => {
    const clock = stillClock();
    const { state, engine } = counting();
    const cached = cachedPolicy(engine, { time: clock, maxVerdicts: 10 });
    const question = (n: number): PolicyQuestion => ({ ...PAUSE, resource: { kind: 'agent', id: `shop-${n}` } });
    for (let n = 0; n < 100; n++) await cached.evaluate(question(n), BASIS);
    assert.equal(cached.size(), 10);
    await cached.evaluate(question(99), BASIS);
    assert.equal(state.asked, 100);
    clock.set(clock.now() - 3_600_000);
    await cached.evaluate(question(99), BASIS);
    assert.equal(state.asked, 101);
  });
});

test('the artefact is the one that the pin names', () => {
  const wasm = readFileSync(new URL('../../policies/authz.wasm', import.meta.url));
  assert.equal(createHash('sha256').update(wasm).digest('hex'), PINNED_RULES);
});
