/** The body of an answer: decoded while it streams, counted after decoding, read as text only when it is text. */
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { NovaError } from '../domain/error.ts';

const TEXT_TYPES = new Set(['text/html', 'application/xhtml+xml', 'application/json', 'text/plain']);
const SNIFFED = 1_024;

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

export type BodyLimit = {
  readonly maxBytes: number;
  /** What to do with more than that: robots.txt is read as far as it goes, a page is refused. */
  readonly beyond: 'cut' | 'refuse';
};

/**
 * Reads a body to its end or its limit; then the rest is not read.
 * @throws NovaError too_large, unsupported.
 */
export async function readBody(body: Readable, encoding: string, { maxBytes, beyond }: BodyLimit): Promise<Buffer> {
  const decoded = decode(body, encoding);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of decoded) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    chunks.push(buffer);
    bytes += buffer.length;
    if (bytes <= maxBytes) continue;
    if (beyond === 'cut') break;
    throw new NovaError('too_large', `the page has more than ${maxBytes} bytes`);
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

function decode(body: Readable, encoding: string): Readable {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return body;
  const make = DECODERS[name];
  if (!make) {
    body.destroy();
    throw new NovaError('unsupported', `the page is encoded as "${name.slice(0, 50)}"`);
  }
  // An error of the source reaches the reader through the decoder, which pipeline destroys with it.
  return pipeline(body, make(), () => {});
}

/** The media type without parameters. @throws NovaError unsupported when it is not one of text. */
export function textType(contentType: string): string {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (TEXT_TYPES.has(type)) return type;
  throw new NovaError('unsupported', `a page of type "${type.slice(0, 100)}"; only ${[...TEXT_TYPES].join(', ')}`);
}

/**
 * Text by the charset of the header, the byte order mark or the meta tag, in this order; one that is unknown counts as
 * UTF-8, and bytes that mean nothing become U+FFFD.
 * @throws NovaError unsupported when the bytes are no text at all.
 */
export function readText(bytes: Buffer, contentType: string): string {
  const head = bytes.subarray(0, SNIFFED);
  const charset = charsetOf(contentType) ?? markOf(head) ?? metaOf(head.toString('latin1')) ?? 'utf-8';
  const decoder = decoderOf(charset);
  if (!decoder.encoding.startsWith('utf-16') && head.includes(0)) {
    throw new NovaError('unsupported', 'the page is called text, but its bytes are not');
  }
  return decoder.decode(bytes);
}

function charsetOf(contentType: string): string | undefined {
  return /;\s*charset\s*=\s*["']?([^\s"';]+)/i.exec(contentType)?.[1];
}

function markOf(head: Buffer): string | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8';
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** A page that can be read as far as its meta tag is not UTF-16, whatever the tag says. */
function metaOf(head: string): string | undefined {
  const charset = /<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{1,40})/i.exec(head)?.[1];
  return charset && /^utf-?16/i.test(charset) ? 'utf-8' : charset;
}

function decoderOf(charset: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder('utf-8');
  }
}
