/**
 * One Lambda environment: imports one bundle, answers one event at a time, and ends with its engine. Started with the
 * bundle's path; the environment is the function's own and nothing else.
 */
import { randomBytes } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { FromFunction, ToFunction } from './function-wire.ts';

type Handler = (event: unknown, context: object) => Promise<unknown>;

const [path = '', functionName = '', memoryMb = '128'] = process.argv.slice(2);
// Nobody listens any more when the engine is gone; the disconnect follows at once.
const tell = (message: FromFunction): void => void process.send?.(message, undefined, undefined, () => undefined);
const wordsOf = (thrown: unknown) => ({
  errorType: thrown instanceof Error ? thrown.name : 'Error',
  errorMessage: thrown instanceof Error ? thrown.message : String(thrown),
});

process.once('disconnect', () => process.exit(0));
// Ctrl-C in the terminal reaches every process of it; the engine decides when this one ends.
process.on('SIGINT', () => undefined);

const { handler } = (await import(pathToFileURL(path).href)) as { handler?: Handler };
if (typeof handler !== 'function') throw new Error(`${path} exports no handler`);

process.on('message', ({ id, event, deadline }: ToFunction) => {
  answer(handler, event, contextOf(deadline)).then(
    (result) => tell({ kind: 'result', id, result }),
    (thrown: unknown) => tell({ kind: 'failed', id, ...wordsOf(thrown) }),
  );
});
tell({ kind: 'ready' });

/** A handler's answer travels as JSON, as on AWS; what JSON has no word for is null. */
async function answer(handle: Handler, event: unknown, context: object): Promise<unknown> {
  const text = JSON.stringify((await handle(event, context)) ?? null);
  return JSON.parse(text) as unknown;
}

function contextOf(deadline: number): object {
  const id = randomBytes(16).toString('hex');
  return {
    awsRequestId: id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`,
    memoryLimitInMB: memoryMb,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: `local/[$LATEST]${process.pid}`,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}
