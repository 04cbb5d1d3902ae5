/** The bus of a stage, kept by EventBridge: `source` is nova, `detail-type` the type, `detail` the whole event. */
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { NovaError } from '../domain/error.ts';
import type { Events } from '../ports/outside.ts';
import { serviceError } from './service-error.ts';

export function eventBridgeEvents(client: EventBridgeClient, busName: string): Events {
  return {
    async put(event) {
      const entry = { EventBusName: busName, Source: 'nova', DetailType: event.type, Detail: JSON.stringify(event) };
      const answer = await client
        .send(new PutEventsCommand({ Entries: [{ ...entry, Time: new Date(event.at) }] }))
        .catch((thrown: unknown) => Promise.reject(serviceError('put an event', thrown)));
      // The request may be taken while its entry is not.
      const [refused] = answer.FailedEntryCount ? (answer.Entries ?? []) : [];
      if (answer.FailedEntryCount)
        throw new NovaError('unavailable', `the bus refused an event: ${refused?.ErrorCode ?? '?'}`);
    },
  };
}
