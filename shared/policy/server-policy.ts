/**
 * The rules in an OPA server: `POST /v1/data/nova/authz/verdict`. The settings go with the question, so that the server
 * needs no data of ours and judges by the version it is asked for. Silence, slowness and every odd answer deny.
 */
import { messageOf } from '../domain/error.ts';
import { readVerdict, troubled } from '../domain/policy-question.ts';
import type { PolicyEngine } from '../ports/policy.ts';

export type ServerOptions = {
  /** `http://127.0.0.1:8181`; a path before /v1 is kept. */
  readonly url: string;
  /** For the whole exchange; 5 s unless told. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 65_536;
const PATH = 'v1/data/nova/authz/verdict';

export function serverPolicy({ url, timeoutMs = TIMEOUT_MS }: ServerOptions): PolicyEngine {
  const base = url.endsWith('/') ? url : `${url}/`;
  const address = new URL(PATH, base).href;
  return {
    name: base,
    async evaluate(question, { settings }) {
      const identity = { version: settings.version, rules: 'server' };
      try {
        const answer = await post(address, { input: { ...question, settings } }, timeoutMs);
        return readVerdict(resultOf(answer), identity);
      } catch (thrown) {
        return troubled(reasonOf(thrown, timeoutMs), identity.rules, identity.version);
      }
    },
  };
}

async function post(address: string, body: unknown, timeoutMs: number): Promise<unknown> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the server answered ${response.status}`);
  }
  return JSON.parse(await textOf(response)) as unknown;
}

/** Read piece by piece: a server that never stops talking is stopped. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error('the server answers too much');
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

function resultOf(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'result' in answer ? answer.result : undefined;
}

function reasonOf(thrown: unknown, timeoutMs: number): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  if (thrown instanceof SyntaxError) return 'the server answers something else than JSON';
  // Undici hides the reason in the cause.
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return messageOf(cause) || 'the server cannot be reached';
}
