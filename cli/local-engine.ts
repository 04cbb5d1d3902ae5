/** The engine that runs on this machine, as it announced itself in `$NOVA_HOME/local.json`. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Json, JsonObject } from '../shared/domain/agent.ts';
import { type ErrorCode, FATES, messageOf, NovaError } from '../shared/domain/error.ts';
import { isJsonObject } from './fields.ts';

export type LocalEngine = {
  readonly url: string;
  readonly pid: number;
  readonly engine: string;
  readonly version: string;
  /** Lets its bearer do what the owner may do; the file is 0600. */
  readonly token: string;
};

export type ControlRequest = {
  readonly command: readonly string[];
  readonly input: JsonObject;
  readonly actor: string;
};

export const localFile = (home: string): string => join(home, 'local.json');

/** What the file says, if the process it names is alive; a file left behind by a crash counts for nothing. */
export function findEngine(home: string): LocalEngine | null {
  let text: string;
  try {
    text = readFileSync(localFile(home), 'utf8');
  } catch {
    return null;
  }
  const said = parsed(text);
  return said && isAlive(said.pid) ? said : null;
}

function parsed(text: string): LocalEngine | null {
  try {
    const said: unknown = JSON.parse(text);
    if (!isJsonObject(said)) return null;
    const { url, pid, engine, version, token } = said;
    if (typeof url !== 'string' || typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return null;
    return {
      url,
      pid,
      engine: String(engine),
      version: String(version),
      token: typeof token === 'string' ? token : '',
    };
  } catch {
    return null;
  }
}

/** Signal 0 asks without doing anything; EPERM means that it lives and is not ours. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export class NobodyThere extends Error {}

/**
 * Has the engine carry out a command.
 * @throws NobodyThere when nothing answers at its address; NovaError as the command threw it.
 */
export async function askEngine(engine: LocalEngine, asked: ControlRequest, interrupted?: AbortSignal): Promise<Json> {
  const { status, body } = await post(engine, JSON.stringify(asked), interrupted);
  const answer = answerOf(body);
  if (answer.value !== undefined) return answer.value;
  const code = isCode(answer.error?.code) ? answer.error.code : status === 401 || status === 403 ? 'denied' : 'broken';
  throw new NovaError(code, String(answer.error?.message ?? `the engine at ${engine.url} answered ${status}`));
}

function answerOf(body: string): { value?: Json; error?: { code?: unknown; message?: unknown } } {
  try {
    return JSON.parse(body) as ReturnType<typeof answerOf>;
  } catch {
    return {};
  }
}

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(FATES, code);

function post(engine: LocalEngine, body: string, signal?: AbortSignal): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    // Bound to IPv4 alone; `localhost` may mean something else first.
    const address = engine.url.replace('//localhost', '//127.0.0.1').replace(/\/$/, '');
    const call = request(`${address}/control/command`, {
      method: 'POST',
      // A connection of its own: a pooled one would keep this process alive.
      agent: false,
      ...(signal ? { signal } : {}),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        authorization: `Bearer ${engine.token}`,
      },
    });
    let answered = false;
    call.on('response', (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    call.on('error', (thrown: NodeJS.ErrnoException) => {
      if (!answered && thrown.code === 'ECONNREFUSED') reject(new NobodyThere(messageOf(thrown)));
      else reject(signal?.reason?.name === 'TimeoutError' ? silent(engine) : lost(engine, thrown));
    });
    call.end(body);
  });
}

function silent({ pid, url }: LocalEngine): NovaError {
  return new NovaError('unavailable', `the engine (pid ${pid}, ${url}) does not answer`);
}

function lost(engine: LocalEngine, thrown: Error): NovaError {
  const what = `the connection to the engine (pid ${engine.pid}, ${engine.url}) broke: ${thrown.message}`;
  return new NovaError('unavailable', `${what}; what was asked may or may not have been done`, { cause: thrown });
}
