/** Jobs on Lambda: what stays in the queue, what is buried, what a caller learns, what is logged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, FATES, NovaError } from '../../shared/domain/error.ts';
import type { World } from '../../shared/ports/world.ts';
import type { Call, Later, QueueJob, WebJob, WebRequest } from '../../shared/runtime/job.ts';
import { type Cloud, lambdaQueue, lambdaSchedule, lambdaWeb } from '../../shared/runtime/lambda.ts';
import { contextOf, proxyEvent, sqsEvent } from '../fixtures/lambda-events.ts';

type Back = { readonly receipt: string; readonly seconds?: number; readonly reason?: string };

/** A cloud whose world is literal; what goes back to the queue is written down. */
function cloud(world: Partial<World> = {}) {
  const back: Back[] = [];
  const opened: string[][] = [];
  const made: Cloud = {
    async openWorld(_env, needs) {
      opened.push([...needs]);
      return Object.fromEntries(needs.map((port) => [port, world[port]])) as never;
    },
    openReturns: async () => ({
      giveBack: async (receipt, seconds) => void back.push({ receipt, seconds }),
      quarantine: async ({ receipt }, reason) => void back.push({ receipt, reason }),
    }),
  };
  return { load: async () => made, back, opened };
}

/** Everything that goes to the log while `act` runs, line by line. */
async function logged(act: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const streams = [process.stdout, process.stderr] as const;
  const writes = streams.map((stream) => stream.write);
  for (const stream of streams) stream.write = (chunk) => lines.push(String(chunk)) > 0;
  try {
    await act();
  } finally {
    streams.forEach((stream, index) => {
      const write = writes[index];
      if (write) stream.write = write;
    });
  }
  return lines.filter((line) => line.startsWith('{'));
}

const queueJob = (run: (text: string, call: Call) => Promise<Later | undefined>): QueueJob<string, object> => ({
  name: 'try-queue',
  needs: {},
  parse: (body) => {
    if (typeof body !== 'string') throw new Error('expected a string');
    return body;
  },
  run: (message, _world, call) => run(message, call),
});
const bodies = (...texts: readonly string[]): string[] => texts.map((text) => JSON.stringify(text));

test('a worked message leaves the queue, and success logs nothing', async () => {
  const { load, back } = cloud();
  const handler = lambdaQueue(
    queueJob(async () => undefined),
    load,
  );
  const lines = await logged(async () => {
    assert.deepEqual(await handler(sqsEvent(bodies('a', 'b')), contextOf('q1')), { batchItemFailures: [] });
  });
  assert.deepEqual([back, lines], [[], []]);
});

test('"later" gives the message back for so long, and it alone stays', async () => {
  const { load, back } = cloud();
  const handler = lambdaQueue(
    queueJob(async (text) => (text === 'busy' ? { laterSeconds: 17 } : undefined)),
    load,
  );
  const answer = await handler(sqsEvent(bodies('ok', 'busy', 'ok')), contextOf('q2'));
  assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: 'm1' }] });
  assert.deepEqual(back, [{ receipt: 'r1', seconds: 17 }]);
});

test('a whole batch of "later" is an answer, not a failed invocation', async () => {
  const handler = lambdaQueue(
    queueJob(async () => ({ laterSeconds: 1 })),
    cloud().load,
  );
  const answer = await handler(sqsEvent(bodies('a', 'b')), contextOf('q3'));
  assert.equal(answer.batchItemFailures.length, 2);
});

test('what cannot be read is buried at once with a reason, and leaves the queue', async () => {
  const { load, back } = cloud();
  const handler = lambdaQueue(
    queueJob(async () => undefined),
    load,
  );
  const lines = await logged(async () => {
    assert.deepEqual(await handler(sqsEvent(['{"a":', '7']), contextOf('q4')), { batchItemFailures: [] });
  });
  assert.deepEqual(
    back.map(({ receipt }) => receipt),
    ['r0', 'r1'],
  );
  assert.match(back[1]?.reason ?? '', /^corrupt: not a message of try-queue: expected a string/);
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /"level":"ERROR".*message buried/);
});

for (const code of Object.keys(FATES) as ErrorCode[]) {
  const { retry } = FATES[code];
  test(`a thrown ${code} ${retry === 'later' ? 'comes back soon' : 'is buried'}`, async () => {
    const { load, back } = cloud();
    const handler = lambdaQueue(
      queueJob(() => Promise.reject(new NovaError(code, 'as told'))),
      load,
    );
    await logged(async () => {
      const { batchItemFailures } = await handler(sqsEvent(bodies('a')), contextOf('q5'));
      assert.equal(batchItemFailures.length, retry === 'later' ? 1 : 0);
    });
    assert.deepEqual(
      back,
      retry === 'later' ? [{ receipt: 'r0', seconds: 2 }] : [{ receipt: 'r0', reason: `${code}: as told` }],
    );
  });
}

test('an unknown throw may be tried again, and its stack is in the log', async () => {
  const handler = lambdaQueue(
    queueJob(() => Promise.reject(new TypeError('x is not a function'))),
    cloud().load,
  );
  const lines = await logged(async () => {
    assert.equal((await handler(sqsEvent(bodies('a')), contextOf('q6'))).batchItemFailures.length, 1);
  });
  assert.match(lines.join(''), /"level":"WARN".*x is not a function.*lambda\.test\.ts/);
  assert.match(lines.join(''), /"function_request_id":"q6"/);
});

test('every delivery has an identity of its own, also two of one invocation', async () => {
  const calls: Call[] = [];
  const handler = lambdaQueue(
    queueJob(async (_text, call) => void calls.push(call)),
    cloud().load,
  );
  const before = Date.now();
  await handler(sqsEvent(bodies('a', 'b'), 3), contextOf('q7', 5000));
  await handler(sqsEvent(bodies('a'), 4), contextOf('q8', 5000));
  assert.equal(new Set(calls.map(({ invocationId }) => invocationId)).size, 3);
  assert.deepEqual(
    calls.map(({ receiveCount }) => receiveCount),
    [3, 3, 4],
  );
  for (const { deadline } of calls) assert.ok(deadline >= before + 5000 && deadline <= Date.now() + 5000);
});

test('a world is opened once, with the ports that the job names; what fails to open is tried again', async () => {
  const { load, opened } = cloud({ time: { now: () => 5 } });
  let tries = 0;
  const shaky = async () => {
    tries++;
    if (tries === 1) throw new NovaError('unavailable', 'not yet');
    return load();
  };
  const seen: number[] = [];
  const handler = lambdaSchedule(
    {
      name: 'try-schedule',
      needs: { time: true, log: true },
      run: async (world: Pick<World, 'time' | 'log'>) => {
        seen.push(world.time.now());
        return {};
      },
    },
    shaky,
  );
  await handler.warm();
  await handler({}, contextOf('s1'));
  await handler({}, contextOf('s2'));
  assert.deepEqual([opened, seen, tries], [[['time']], [5, 5], 2]);
});

test('a schedule that fails fails its invocation, with one line of log', async () => {
  const job = { name: 'try-schedule', needs: {}, run: () => Promise.reject(new NovaError('conflict', 'twice')) };
  const handler = lambdaSchedule(job, cloud().load);
  const lines = await logged(async () => {
    await assert.rejects(handler({}, contextOf('s3')), { code: 'conflict' });
  });
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /"code":"conflict","why":"twice"/);
});

test('a job that time wakes and that says it failed fails its invocation, with its reason', async () => {
  const job = { name: 'try-schedule', needs: {}, run: async () => ({ failed: 'nobody could look', done: 3 }) };
  const handler = lambdaSchedule(job, cloud().load);
  const lines = await logged(async () => {
    await assert.rejects(handler({}, contextOf('s4')), { code: 'broken', message: 'nobody could look' });
  });
  assert.match(lines.join(), /"code":"broken","why":"nobody could look"/);
});

const webJob = (run: WebJob<object>['run']): WebJob<object> => ({ name: 'try-web', needs: {}, run });

test('a request keeps its bytes, its headers and its path', async () => {
  const seen: WebRequest[] = [];
  const handler = lambdaWeb(
    webJob(async (request) => {
      seen.push(request);
      return { status: 303, headers: { location: 'done' }, body: '' };
    }),
    cloud().load,
  );
  const bytes = Buffer.from([0, 200, 255, 10]);
  const answer = await handler(
    proxyEvent({
      body: bytes.toString('base64'),
      isBase64Encoded: true,
      headers: { 'Stripe-Signature': ['t=1'], Accept: ['a', 'b'] },
    }),
    contextOf('w1'),
  );
  assert.deepEqual(answer, { statusCode: 303, headers: { location: 'done' }, body: '' });
  const [request] = seen;
  assert.deepEqual(Buffer.from(request?.body ?? []), bytes);
  assert.deepEqual(request?.headers, { 'stripe-signature': 't=1', accept: 'a, b' });
  assert.deepEqual([request?.method, request?.path, request?.sourceIp], ['POST', '/hooks/stripe', '203.0.113.7']);
});

test('a text body arrives as the bytes it was sent as, and the base path of a domain goes', async () => {
  const seen: WebRequest[] = [];
  const handler = lambdaWeb(
    webJob(async (request) => {
      seen.push(request);
      return { status: 200, headers: {}, body: '' };
    }),
    cloud().load,
  );
  await handler(proxyEvent({ body: '{"a":"é✓"}', path: '/nova/hooks/stripe' }), contextOf('w2'));
  await handler(proxyEvent({ path: '/a/hooks/x', resource: '/a/{rest+}', httpMethod: 'GET' }), contextOf('w3'));
  assert.equal(Buffer.from(seen[0]?.body ?? []).toString('utf8'), '{"a":"é✓"}');
  assert.deepEqual(
    seen.map(({ path }) => path),
    ['/hooks/stripe', '/a/hooks/x'],
  );
});

test('a caller learns its own mistakes; of ours it learns a bare status, and the log the rest', async () => {
  for (const [code, fate] of Object.entries(FATES) as [ErrorCode, (typeof FATES)[ErrorCode]][]) {
    const handler = lambdaWeb(
      webJob(() => Promise.reject(new NovaError(code, 'table nova-prod said no'))),
      cloud().load,
    );
    let body = '';
    const lines = await logged(async () => {
      const answer = await handler(proxyEvent({}), contextOf('w4'));
      body = answer.body;
      assert.equal(answer.statusCode, fate.httpStatus, code);
      assert.equal(answer.headers?.['cache-control'], 'no-store');
    });
    assert.equal(body.includes('nova-prod'), fate.blame === 'caller', code);
    assert.equal(lines.length, fate.blame === 'caller' ? 0 : 1, code);
  }
});

test('a world that cannot be opened is a bare 500, and the log names the missing key', async () => {
  const load = () => Promise.reject(new NovaError('misconfigured', 'environment: NOVA_TABLE is missing'));
  const handler = lambdaWeb(
    webJob(async () => ({ status: 200, headers: {}, body: '' })),
    load,
  );
  await handler.warm();
  const lines = await logged(async () => {
    const answer = await handler(proxyEvent({}), contextOf('w5'));
    assert.deepEqual([answer.statusCode, answer.body], [500, 'internal error\n']);
  });
  assert.match(lines.join(''), /NOVA_TABLE is missing/);
});
