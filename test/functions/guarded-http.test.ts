/** The guarded port against a server on this machine that does its worst. The list is that of bad inputs B1 to B40. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server as NetServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { buildConnector } from 'undici';
import { type GuardedHttpOptions, guardedHttp } from '../../shared/connectors/guarded-http.ts';

type Route = (request: IncomingMessage, response: ServerResponse) => void;

const PUBLIC = '93.184.216.34';
let robots: Route = (_, response) => response.writeHead(404).end();
let route: Route = (_, response) => response.end();
const seen: IncomingMessage[] = [];
const server = createServer((request, response) => {
  seen.push(request);
  (request.url === '/robots.txt' ? robots : route)(request, response);
});
let port = 0;

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : 0;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** Names are public by `PUBLIC`; every socket is written down and led to the server of this test. */
async function withHttp(
  change: Partial<GuardedHttpOptions>,
  work: (http: ReturnType<typeof guardedHttp>, dialled: string[]) => Promise<void>,
): Promise<void> {
  const dialled: string[] = [];
  const connect = buildConnector({ timeout: 500 });
  const http = guardedHttp({
    contact: 'owner@example.com',
    resolve: async () => [PUBLIC],
    dial(options, callback) {
      dialled.push(`${options.hostname}:${options.port || '80'}`);
      connect({ ...options, protocol: 'http:', hostname: '127.0.0.1', port: String(port) }, callback);
    },
    ...change,
    limits: { intervalMs: 0, totalMs: 1_000, bodyBytes: 200_000, ...change.limits },
  });
  seen.length = 0;
  robots = (_, response) => response.writeHead(404).end();
  try {
    await work(http, dialled);
  } finally {
    await http.close();
  }
}

function html(body: string | Buffer, headers: Record<string, string> = {}): Route {
  return (_, response) => response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(body);
}

function pages(answers: Readonly<Record<string, Route>>): Route {
  return (request, response) => (answers[request.url ?? ''] ?? html('?'))(request, response);
}

function redirect(location: string, status = 302): Route {
  return (_, response) => response.writeHead(status, { location }).end();
}

test('a page is read over a socket to the checked address, under an honest name and without cookies', async () => {
  await withHttp({}, async (http, dialled) => {
    route = html('<h1>hello</h1>', { 'set-cookie': 'a=b; Domain=.example' });
    const page = await http.get('http://shop.example/a?b=c');
    assert.deepEqual(page, {
      status: 200,
      url: 'http://shop.example/a?b=c',
      contentType: 'text/html',
      body: '<h1>hello</h1>',
      notModified: false,
    });
    await http.get('http://shop.example/again');
    assert.equal(new Set(dialled).size, 1);
    assert.equal(dialled[0], `${PUBLIC}:80`);
    const [asked] = seen.filter(({ url }) => url === '/a?b=c');
    assert.equal(asked?.headers['user-agent'], 'NovaOS-Bot/1.0 (+owner@example.com)');
    assert.equal(asked?.headers.host, 'shop.example');
    assert.deepEqual(
      seen.filter(({ headers }) => headers.cookie !== undefined),
      [],
      'B36: no cookie is kept',
    );
  });
});

test('B1 to B16: a forbidden address opens no socket, and no name is looked up for it', async () => {
  const resolve = () => Promise.reject(new Error('looked up'));
  await withHttp({ resolve }, async (http, dialled) => {
    for (const url of ['http://169.254.169.254/latest/', 'http://127.0.0.1/', 'http://[::1]/', 'http://0x7f.1/']) {
      await assert.rejects(http.get(url), { code: 'denied' });
    }
    assert.deepEqual([dialled, seen.length], [[], 0]);
  });
});

test('B17 B19: a name with a private address among its own opens no socket', async () => {
  await withHttp({ resolve: async () => [PUBLIC, '10.0.0.7'] }, async (http, dialled) => {
    await assert.rejects(http.get('http://mixed.example/'), { code: 'denied', message: /not public/ });
    assert.deepEqual(dialled, []);
  });
});

test('B18: a name that turns private between two looks is refused; the socket goes where the check looked', async () => {
  let looks = 0;
  const resolve = async () => (++looks === 1 ? [PUBLIC] : ['127.0.0.1']);
  await withHttp({ resolve }, async (http, dialled) => {
    robots = (_, response) => response.writeHead(404, { connection: 'close' }).end();
    await assert.rejects(http.get('http://rebind.example/'), { code: 'denied' });
    assert.deepEqual(dialled, [`${PUBLIC}:80`]);
  });
});

test('B20: redirects of every kind are judged like a first address, and a meta refresh is not followed', async () => {
  await withHttp({}, async (http, dialled) => {
    for (const status of [301, 302, 303, 307, 308]) {
      route = redirect('http://169.254.169.254/latest/', status);
      await assert.rejects(http.get('http://shop.example/'), { code: 'denied' });
    }
    route = html('<meta http-equiv="refresh" content="0;url=http://127.0.0.1/">');
    assert.equal((await http.get('http://shop.example/')).status, 200);
    assert.deepEqual(new Set(dialled), new Set([`${PUBLIC}:80`]));
  });
});

test('B21 B22: loops end after five redirects, other schemes and steps down from https are not taken', async () => {
  await withHttp({}, async (http) => {
    route = redirect('/again');
    await assert.rejects(http.get('http://shop.example/'), { code: 'denied', message: /redirects too often/ });
    assert.equal(seen.filter(({ url }) => url === '/again').length, 5);
    for (const target of [
      'file:///etc/passwd',
      'gopher://x.example/',
      'data:text/html,x',
      'javascript:1',
      'http://[',
    ]) {
      route = redirect(target);
      await assert.rejects(http.get('http://shop.example/'), { code: 'denied' }, target);
    }
    route = redirect('http://shop.example/plain');
    await assert.rejects(http.get('https://shop.example/'), { code: 'denied', message: /from https to http/ });
  });
});

test('a redirect to another page is followed, and the page says where it was found', async () => {
  await withHttp({}, async (http) => {
    route = pages({ '/old': redirect('../new#part', 301), '/new': html('moved') });
    const { url, body } = await http.get('http://shop.example/old');
    assert.deepEqual([url, body], ['http://shop.example/new#part', 'moved']);
  });
});

test('B24: bombs stop at the limit, whatever they are packed with; a pack in a pack is not opened', async () => {
  const zeros = Buffer.alloc(20_000_000);
  const packed = {
    gzip: gzipSync(zeros),
    br: brotliCompressSync(zeros.subarray(0, 2_000_000)),
    zstd: zstdCompressSync(zeros),
  };
  await withHttp({}, async (http) => {
    for (const [encoding, body] of Object.entries(packed)) {
      assert.ok(body.length < 50_000);
      route = html(body, { 'content-encoding': encoding });
      await assert.rejects(http.get('http://shop.example/'), { code: 'too_large' }, encoding);
    }
    route = html(gzipSync(gzipSync(zeros)), { 'content-encoding': 'gzip, gzip' });
    await assert.rejects(http.get('http://shop.example/'), { code: 'unsupported' });
    route = html(gzipSync('<p>fine</p>'), { 'content-encoding': 'gzip' });
    assert.equal((await http.get('http://shop.example/')).body, '<p>fine</p>');
    route = html('not packed at all', { 'content-encoding': 'gzip' });
    await assert.rejects(http.get('http://shop.example/'), { code: 'unavailable' });
  });
});

test('B25 B26: endless and slow bodies, slow headers and big ones are given up', async () => {
  await withHttp({ limits: { totalMs: 150 } }, async (http) => {
    route = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        response.once('drain', pour);
      };
      pour();
    };
    await assert.rejects(http.get('http://endless.example/'), { code: 'too_large' });
    route = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).write('x');
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    };
    await assert.rejects(http.get('http://slow.example/'), { code: 'unavailable', message: /took too long/ });
    route = () => {};
    await assert.rejects(http.get('http://silent.example/'), { code: 'unavailable', message: /took too long/ });
  });
});

test('B23 B27 B28: big headers, wrong lengths and early ends are errors, not hangs', async () => {
  await withHttp({}, async (http) => {
    route = html('x', { 'x-big': 'y'.repeat(20_000) });
    await assert.rejects(http.get('http://shop.example/'), { code: 'unavailable', message: /HEADERS_OVERFLOW/ });
    route = html('x', { 'content-length': '900000' });
    await assert.rejects(http.get('http://shop.example/'), { code: 'too_large' });
    route = (request, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000' }).write('short');
      setTimeout(() => request.socket.destroy(), 10);
    };
    await assert.rejects(http.get('http://shop.example/'), { code: 'unavailable' });
  });
});

test('over TLS the socket goes to the checked address, and the name is what the certificate is checked against', async () => {
  const asked: string[] = [];
  const dial: GuardedHttpOptions['dial'] = ({ hostname, servername }, callback) => {
    asked.push(`${hostname} as ${servername}`);
    callback(new Error('no further'), null);
  };
  await withHttp({ dial, resolve: async () => ['2606:4700::1', PUBLIC] }, async (http) => {
    await assert.rejects(http.get('https://shop.example/'), { code: 'unavailable', message: /no further/ });
  });
  assert.deepEqual(asked, [`${PUBLIC} as shop.example`, '2606:4700::1 as shop.example'], 'IPv4 first, then the other');
});

test('B28: a peer that takes the connection and speaks no TLS is given up', async () => {
  await withPeer(createTcpServer(), async (http) => {
    await assert.rejects(http.get('https://mute.example/'), { code: 'unavailable', message: /took too long|TIMEOUT/ });
  });
});

test('B29: a certificate nobody vouches for is refused', async (t) => {
  const pem = selfSigned();
  if (!pem) return t.skip('openssl, which makes the certificate, is not on this machine');
  const reached: string[] = [];
  const peer = createTlsServer({ key: pem, cert: pem }, (request) => void reached.push(request.url ?? ''));
  await withPeer(peer, async (http) => {
    const refused = { code: 'unavailable', message: /SELF_SIGNED_CERT/ };
    await assert.rejects(http.get('https://self-signed.example/'), refused);
  });
  assert.deepEqual(reached, []);
});

/** With a server of another kind in the place of every public address; TLS as it is. */
async function withPeer(peer: NetServer, work: (http: ReturnType<typeof guardedHttp>) => Promise<void>): Promise<void> {
  const sockets: Socket[] = [];
  peer.on('connection', (socket: Socket) => void sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  const address = peer.address();
  const peerPort = typeof address === 'object' && address ? address.port : 0;
  const connect = buildConnector({ timeout: 300 });
  await withHttp(
    {
      dial: (options, callback) => connect({ ...options, hostname: '127.0.0.1', port: String(peerPort) }, callback),
      limits: { totalMs: 300 },
    },
    work,
  );
  for (const socket of sockets) socket.destroy();
  peer.close();
}

function selfSigned(): string | null {
  const request = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=self-signed.example -days 2';
  const { status, stdout } = spawnSync('openssl', ['req', ...request.split(' '), '-keyout', '-', '-out', '-'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout : null;
}

test('B30: only text is read, whatever it is called', async () => {
  await withHttp({}, async (http) => {
    for (const type of ['image/png', 'application/pdf', 'application/octet-stream', 'text/css', 'x']) {
      route = html('x', { 'content-type': type });
      await assert.rejects(http.get('http://shop.example/'), { code: 'unsupported' }, type);
    }
    route = html(Buffer.from('\x7fELF\x02\x01\x01\0\0\0', 'latin1'));
    await assert.rejects(http.get('http://shop.example/'), { code: 'unsupported', message: /bytes are not/ });
    for (const type of ['text/plain', 'APPLICATION/JSON; charset=utf-8', 'application/xhtml+xml']) {
      route = html('{}', { 'content-type': type });
      assert.equal((await http.get('http://shop.example/')).body, '{}');
    }
  });
});

test('B31: the charset is that of the header, the mark or the meta tag; an unknown one is read as UTF-8', async () => {
  const cases: readonly [string, Buffer, string][] = [
    ['text/html; charset=shift_jis', Buffer.from([0x93, 0xfa, 0x96, 0x7b]), '日本'],
    ['text/html; charset="ISO-8859-1"', Buffer.from('caf\xe9', 'latin1'), 'café'],
    ['text/html', Buffer.from('\ufeffcafé', 'utf16le'), 'café'],
    ['text/html', Buffer.from('<meta charset=windows-1252>\x80', 'latin1'), '<meta charset=windows-1252>€'],
    ['text/html; charset=utf-7', Buffer.from('+ADw-script+AD4-'), '+ADw-script+AD4-'],
    ['text/html', Buffer.from('<meta charset=utf-16>é'), '<meta charset=utf-16>é'],
    ['text/html', Buffer.from('a\xff\xfeb', 'latin1'), 'a\ufffd\ufffdb'],
    ['text/html; charset=utf-16', Buffer.from('plain', 'utf16le'), 'plain'],
  ];
  await withHttp({}, async (http) => {
    for (const [type, bytes, text] of cases) {
      route = html(bytes, { 'content-type': type });
      assert.equal((await http.get('http://shop.example/')).body, text, type);
    }
  });
});

test('B33: robots.txt is asked once, decides by its rules, and a server in trouble means no', async () => {
  const file = (text: string): Route => html(text, { 'content-type': 'application/octet-stream' });
  const cases: readonly [string, Route, boolean][] = [
    ['none', (_, response) => response.writeHead(404).end(), true],
    ['forbidden', (_, response) => response.writeHead(403).end(), true],
    ['broken', (_, response) => response.writeHead(500).end(), false],
    ['silent', () => {}, false],
    ['a rule for all', file('\ufeffUser-agent: *\nDisallow: /private'), false],
    ['a rule for us', file('User-agent: NovaOS-Bot\nDisallow: /private\n\nUser-agent: *\nAllow: /'), false],
    ['a rule for others', file('User-agent: OtherBot\nDisallow: /'), true],
    ['moved to where we may not go', redirect('http://10.0.0.1/robots.txt'), false],
    ['moved elsewhere', redirect('http://other.example/elsewhere'), true],
    ['5 MB of rules', file(`User-agent: *\nDisallow: /private\n${'Disallow: /x\n'.repeat(400_000)}`), false],
    ['a storm of wildcards', file(`User-agent: *\n${`Disallow: /${'*a'.repeat(200)}b\n`.repeat(1_000)}`), true],
  ];
  for (const [name, answer, allowed] of cases) {
    await withHttp({ limits: { totalMs: name === 'silent' ? 150 : 5_000 } }, async (http) => {
      robots = answer;
      route = html('page');
      const got = http.get(`http://shop.example/private/${'a'.repeat(1_000)}`);
      if (allowed) assert.equal((await got).body, 'page', name);
      else await assert.rejects(got, { code: /denied|unavailable/, message: /robots\.txt|10\.0\.0\.1/ }, name);
      if (name !== 'none') return;
      await http.get('http://shop.example/more');
      assert.equal(seen.filter(({ url }) => url === '/robots.txt').length, 1);
    });
  }
});

test('one request at a time and one an interval for each host; other hosts need not wait', async () => {
  await withHttp({ limits: { intervalMs: 60 } }, async (http) => {
    let open = 0;
    let most = 0;
    const starts: number[] = [];
    route = (_, response) => {
      open += 1;
      most = Math.max(most, open);
      starts.push(performance.now());
      setTimeout(() => {
        open -= 1;
        html('x')(_, response);
      }, 20);
    };
    await Promise.all([1, 2, 3].map((k) => http.get(`http://shop.example/${k}`)));
    assert.equal(most, 1);
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
    assert.ok(
      gaps.every((gap) => gap > 45),
      gaps.join(),
    );
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => http.get(`http://${name}.example/`)));
    assert.ok(most > 1, 'four hosts are asked side by side');
  });
});

test('B33: a crawl delay is kept up to half a minute, so an absurd one makes the next page too late', async () => {
  await withHttp({ limits: { waitMs: 100 } }, async (http) => {
    robots = html('User-agent: *\nCrawl-delay: 1000000000', { 'content-type': 'text/plain' });
    route = html('x');
    assert.equal((await http.get('http://shop.example/1')).status, 200);
    await assert.rejects(http.get('http://shop.example/2'), { code: 'unavailable', message: /not to be asked again/ });
  });
});

test('B34 B35: Retry-After is obeyed before the next request, and a 429 is not tried again by itself', async () => {
  for (const value of ['120', '1e12', '-5', 'Thu, 01 Jan 1970 00:00:00 GMT', '']) {
    await withHttp({ limits: { waitMs: 50 } }, async (http) => {
      route = (_, response) =>
        response.writeHead(429, { 'retry-after': value, 'content-type': 'text/html' }).end('slow');
      assert.equal((await http.get('http://shop.example/')).status, 429);
      await assert.rejects(
        http.get('http://shop.example/'),
        { code: 'unavailable', message: /not to be asked/ },
        value,
      );
      assert.equal(seen.filter(({ url }) => url === '/').length, 1);
    });
  }
});

test('a page that asks not to be used by machines that learn is respected', async () => {
  await withHttp({}, async (http) => {
    route = html('x', { 'x-robots-tag': 'noindex, noai' });
    await assert.rejects(http.get('http://shop.example/'), { code: 'denied' });
    route = html('<head><meta content="noai, noimageai" name="robots"></head>');
    await assert.rejects(http.get('http://shop.example/'), { code: 'denied' });
  });
});

test('B40: our own addresses are out of reach, directly and by a redirect', async () => {
  await withHttp({ ownHosts: ['nova.example'] }, async (http) => {
    await assert.rejects(http.get('https://nova.example/approve'), { code: 'denied', message: /our own/ });
    route = redirect('https://hooks.nova.example/hooks/stripe');
    await assert.rejects(http.get('http://shop.example/'), { code: 'denied', message: /our own/ });
  });
});

test('the allowance for tests reaches this machine on exactly one port', async () => {
  const http = guardedHttp({ contact: 'x', allowHosts: [`127.0.0.1:${port}`], limits: { intervalMs: 0 } });
  robots = (_, response) => response.writeHead(404).end();
  route = html('here');
  assert.equal((await http.get(`http://127.0.0.1:${port}/`)).body, 'here');
  await assert.rejects(http.get(`http://127.0.0.1:${port + 1}/`), { code: 'denied' });
  await http.close();
});
