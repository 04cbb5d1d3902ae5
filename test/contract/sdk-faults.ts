/** Faults that no local stand-in imitates, put into an SDK client by a middleware next to the wire. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

export type SdkFault = 'throttled' | 'conflict' | 'lost' | 'down' | 'denied';
export type SdkPlan = (command: string, count: number) => SdkFault | null;

/** Faults of the plan, and the number of requests that were made. */
export function faultyClient(client: DynamoDBClient, plan: SdkPlan): { requests(): number } {
  let count = 0;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      count++;
      const command = String(context.commandName);
      const fault = plan(command, count);
      if (fault === null) return next(args);
      if (fault === 'lost') await next(args);
      throw errorOf(fault, command);
    },
    { step: 'deserialize', name: 'faults', priority: 'low' },
  );
  return { requests: () => count };
}

function errorOf(fault: SdkFault, command: string): Error {
  const named = (name: string, more: object = {}): Error =>
    Object.assign(new Error(`injected ${fault}`), { name, ...more });
  if (fault === 'throttled') return named('ThrottlingException');
  if (fault === 'denied') return named('AccessDeniedException');
  if (fault !== 'conflict') return named('TimeoutError');
  if (command !== 'TransactWriteItemsCommand') return named('TransactionConflictException');
  const CancellationReasons = [{ Code: 'TransactionConflict' }, { Code: 'ConditionalCheckFailed' }];
  return named('TransactionCanceledException', { CancellationReasons });
}
