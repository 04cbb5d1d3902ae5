/** Where requests may not go, however it is written. Nothing here opens a socket: the guard is asked alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedUrl, isPublicAddress, publicAddresses } from '../../shared/connectors/address-guard.ts';

const RULES = { ownHosts: ['nova.example.com', 'hooks.example.net.'], allowHosts: ['127.0.0.1:8080'] };

const DENIED: Readonly<Record<string, readonly string[]>> = {
  'B1 the metadata service of a cloud': ['http://169.254.169.254/latest/'],
  'B2 the credentials of a container': ['http://169.254.170.2/v2/credentials'],
  'B3 the metadata service over IPv6': ['http://[fd00:ec2::254]/'],
  'B4 this machine by name': ['localhost', 'localhost.', 'LOCALHOST', 'foo.localhost', '127.0.0.1'].map(http),
  'B5 no address': ['0', '0.0.0.0'].map(http),
  'B6 other ways to write 127.0.0.1': ['127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0x7f.1', '017700000001'].map(
    http,
  ),
  'B7 digits and dots of other scripts': ['①②⑦.⓪.⓪.①', '127。0。0。1', '１２７.0.0.1'].map(http),
  'B8 this machine over IPv6': ['[::1]', '[::]'].map(http),
  'B9 IPv4 inside IPv6': ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]'].map(http),
  'B10 IPv4 in the deprecated form of IPv6': ['[::127.0.0.1]', '[::7f00:1]'].map(http),
  'B11 NAT64': ['[64:ff9b::a9fe:a9fe]', '[64:ff9b:1::a9fe:a9fe]'].map(http),
  'B12 6to4 and Teredo': ['[2002:a9fe:a9fe::]', '[2001:0:1::1]'].map(http),
  'B13 private and special IPv4': [
    ...['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '100.64.0.1', '100.127.255.255'],
    ...['198.18.0.1', '198.19.255.255', '192.0.0.1', '192.0.2.1', '198.51.100.1', '203.0.113.1', '224.0.0.1'],
    ...['239.255.255.255', '240.0.0.1', '255.255.255.255', '192.88.99.1'],
  ].map(http),
  'B14 special IPv6': [
    ...['[fec0::1]', '[fe80::1]', '[ff02::1]', '[100::1]', '[5f00::1]', '[2001:db8::1]', '[3fff::1]', '[fc00::1]'],
    ...['[4000::1]', '[e000::1]', '[2001:10::1]', '[2001:2::1]'],
  ].map(http),
  'B15 the wire server of Azure': ['168.63.129.16'].map(http),
  'B16 users, empty hosts and fragments': [
    ...['http://user@127.0.0.1/', 'http://user:pw@example.com/', 'http:///127.0.0.1', 'http://127.0.0.1#@evil.com'],
    ...['http://example.com\\@127.0.0.1/'],
  ],
  'B22 other schemes': [
    ...['file:///etc/passwd', 'gopher://example.com/', 'data:text/html,x', 'javascript:alert(1)', 'ftp://example.com'],
    ...['ws://example.com/', 'blob:https://example.com/x'],
  ],
  'B23 other ports': [22, 25, 6379, 0, 65_536, 8080, 443].map((port) => `http://example.com:${port}/`),
  'B37 names that cannot be': [
    ...[`${'a'.repeat(300)}.com`, `${'a'.repeat(64)}.com`, 'a..com', 'xn--\u{10ffff}.com', 'intranet'].map(http),
    ...['printer.local', 'metadata.google.internal', 'x.home.arpa'].map(http),
  ],
  'B38 long addresses, and those with control characters': [
    ...[`http://example.com/${'x'.repeat(100_000)}`, 'http://example.com/\r\nHost: evil', 'http://exa\tmple.com/'],
    ...['http://example.com/a b', ' http://example.com/'],
  ],
  'B40 our own addresses': [
    ...['https://nova.example.com/approve', 'https://NOVA.example.com./', 'https://a.nova.example.com/'],
    ...['https://hooks.example.net/hooks/stripe'],
  ],
};

function http(host: string): string {
  return `http://${host}/`;
}

for (const [name, urls] of Object.entries(DENIED)) {
  test(`${name}: refused`, () => {
    for (const url of urls) {
      assert.throws(() => allowedUrl(url, RULES), { name: 'NovaError', code: /denied|bad_input/ }, url.slice(0, 100));
    }
  });
}

test('public names and addresses are let through, also with punycode, a port of their scheme and a final dot', () => {
  const urls = [
    'https://example.com/',
    'http://example.com:80/',
    'https://example.com.:443/a?b#c',
    'https://bücher.example/',
  ];
  const addresses = ['http://8.8.8.8/', 'https://[2606:4700:4700::1111]/', 'http://172.32.0.1/', 'http://100.128.0.1/'];
  for (const url of [...urls, ...addresses]) assert.equal(allowedUrl(url, RULES).href, new URL(url).href);
  assert.ok(allowedUrl('https://notnova.example.com/', RULES), 'our name is not every name that ends like it');
});

test('the allowance for tests is for exactly this host and port', () => {
  assert.ok(allowedUrl('http://127.0.0.1:8080/x', RULES));
  for (const url of [
    'http://127.0.0.1/',
    'http://127.0.0.1:8081/',
    'http://127.0.0.2:8080/',
    'http://localhost:8080/',
  ]) {
    assert.throws(() => allowedUrl(url, RULES), { code: 'denied' });
  }
});

test('B17 B19: one private address among those of a name refuses the name', async () => {
  const lists = [
    ['93.184.216.34', 'fd00::1'],
    ['10.0.0.5'],
    ['2606:4700::1', '::ffff:10.0.0.1'],
    ['93.184.216.34', 'not an address'],
  ];
  for (const list of lists) {
    await assert.rejects(
      publicAddresses('mixed.example', async () => list),
      { code: 'denied' },
      list.join(),
    );
  }
  const nothing = publicAddresses('empty.example', async () => []);
  await assert.rejects(nothing, { code: 'unavailable' });
  const good = await publicAddresses('good.example', async () => ['2606:4700::1', '93.184.216.34']);
  assert.deepEqual(good, ['93.184.216.34', '2606:4700::1'], 'IPv4 first: not every place has IPv6');
});

test('no address of a private IPv4 block is public, in any of the forms IPv6 has for it', () => {
  for (const [a, b] of [
    [10, 1],
    [127, 0],
    [169, 254],
    [172, 20],
    [192, 168],
    [0, 1],
    [100, 100],
  ] as const) {
    const hex = `${a.toString(16)}${b.toString(16).padStart(2, '0')}:0101`;
    const forms = [
      `${a}.${b}.1.1`,
      `::ffff:${a}.${b}.1.1`,
      `::${hex}`,
      `::ffff:0:${hex}`,
      `64:ff9b::${hex}`,
      `2002:${hex}::`,
    ];
    for (const form of forms) assert.equal(isPublicAddress(form), false, form);
  }
});
