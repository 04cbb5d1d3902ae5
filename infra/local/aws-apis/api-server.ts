/** One small server for the AWS APIs that no emulator of ours brings. It binds to this machine alone. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { JsonObject } from '../../../shared/domain/agent.ts';
import { fateOf, messageOf, NovaError } from '../../../shared/domain/error.ts';

/** A request of an SDK client, whichever of its two JSON protocols it speaks. */
export type ApiCall = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** `AmazonSSM.GetParameter` in the RPC protocol (X-Amz-Target), '' in REST. */
  readonly target: string;
  readonly body: JsonObject;
};

export type AwsApi = {
  owns(call: ApiCall): boolean;
  /** @throws ApiError for whatever the service itself would refuse. */
  answer(call: ApiCall): Promise<JsonObject>;
};

/** `type` is the service's own name for it: the SDK throws an error of that name. */
export class ApiError extends Error {
  readonly type: string;
  readonly status: number;
  constructor(type: string, status: number, message: string) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

const MAX_BODY = 1_048_576;

export type ApiServer = { readonly url: string; stop(): Promise<void> };

/** @param port 0 for any free one. */
export async function startAwsApis(apis: readonly AwsApi[], port = 0): Promise<ApiServer> {
  const server = createServer((request, response) => void respond(apis, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new NovaError('broken', 'the AWS APIs have no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(apis: readonly AwsApi[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const call = await readCall(request);
    const api = apis.find((one) => one.owns(call));
    const what = call.target || `${call.method} ${call.path}`;
    if (!api) throw new ApiError('UnknownOperationException', 404, `not imitated on this machine: ${what}`);
    send(response, 200, await api.answer(call));
  } catch (thrown) {
    const { type, status, message } = thrown instanceof ApiError ? thrown : generalError(thrown);
    // REST reads the header, RPC reads __type; the spelling of `message` differs as well.
    response.setHeader('x-amzn-errortype', type);
    send(response, status, { __type: type, message, Message: message });
  }
}

function generalError(thrown: unknown): ApiError {
  const { blame, httpStatus } = fateOf(thrown);
  const type = blame === 'caller' ? 'ValidationException' : 'InternalServerException';
  return new ApiError(type, blame === 'caller' ? 400 : httpStatus, messageOf(thrown));
}

async function readCall(request: IncomingMessage): Promise<ApiCall> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const target = request.headers['x-amz-target'];
  return {
    method: request.method ?? 'GET',
    path: decoded(url.pathname),
    query: url.searchParams,
    target: typeof target === 'string' ? target : '',
    body: parseBody(await readBody(request)),
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new ApiError('ValidationException', 400, 'the path is not valid UTF-8');
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new ApiError('ValidationException', 413, `a request has at most ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string): JsonObject {
  if (text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  } catch {
    // Falls through to the refusal: neither JSON nor an object.
  }
  throw new ApiError('SerializationException', 400, 'the body must be a JSON object');
}

function send(response: ServerResponse, status: number, body: JsonObject): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}
