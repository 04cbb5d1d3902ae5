/** PutEvents of EventBridge: events of one bus, handed on; others are refused entry by entry, as AWS does. */
import type { Json } from '../../../shared/domain/agent.ts';
import { messageOf } from '../../../shared/domain/error.ts';
import type { Events } from '../../../shared/ports/outside.ts';
import { DomainEvent } from '../../../shared/wire/events.ts';
import { ApiError, type AwsApi } from './api-server.ts';

const SERVICE = 'AWSEvents.';
/** Of one request, as AWS counts: 14 bytes for its time, and every other word in UTF-8. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 262_144;

function sizeOf(entry: Json): number {
  const { Source, DetailType, Detail } = (entry ?? {}) as { readonly [name: string]: Json };
  return (
    14 + [Source, DetailType, Detail].reduce<number>((sum, word) => sum + Buffer.byteLength(String(word ?? '')), 0)
  );
}

export function eventsApi(bus: string, events: Events): AwsApi {
  const answerTo = async (entry: Json): Promise<{ EventId: string } | { ErrorCode: string; ErrorMessage: string }> => {
    const { EventBusName, Source, DetailType, Detail } = (entry ?? {}) as { readonly [name: string]: Json };
    if (EventBusName !== bus)
      return { ErrorCode: 'ResourceNotFoundException', ErrorMessage: `no bus ${String(EventBusName)}` };
    try {
      const event = DomainEvent.parse(JSON.parse(String(Detail)));
      if (Source !== 'nova' || DetailType !== event.type)
        throw new ApiError('', 400, 'source or detail type is not the event');
      await events.put(event);
      return { EventId: event.id };
    } catch (thrown) {
      return { ErrorCode: 'MalformedDetail', ErrorMessage: messageOf(thrown) };
    }
  };
  return {
    owns: ({ target }) => target.startsWith(SERVICE),
    answer: async ({ target, body }) => {
      if (target !== `${SERVICE}PutEvents`)
        throw new ApiError('UnknownOperationException', 400, `not imitated on this machine: ${target}`);
      const entries = Array.isArray(body.Entries) ? body.Entries : [];
      if (entries.length === 0 || entries.length > MAX_ENTRIES)
        throw new ApiError('ValidationException', 400, `Entries must have 1 to ${MAX_ENTRIES} members`);
      if (entries.reduce<number>((sum, entry) => sum + sizeOf(entry), 0) > MAX_BYTES)
        throw new ApiError('ValidationException', 400, 'Total size of the entries in the request is over the limit.');
      const answers = await Promise.all(entries.map(answerTo));
      return { FailedEntryCount: answers.filter((one) => 'ErrorCode' in one).length, Entries: answers };
    },
  };
}
