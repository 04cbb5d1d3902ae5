/** The bus, whose client is loaded with the first event: most of what is woken puts none on it. */
import type { Events } from '../ports/outside.ts';

export function lateEvents(bus: string): Events {
  let opened: Promise<Events> | undefined;
  const open = async (): Promise<Events> => {
    const [{ eventBridgeClient }, { eventBridgeEvents }] = await Promise.all([
      import('./clients/eventbridge.ts'),
      import('./eventbridge-events.ts'),
    ]);
    return eventBridgeEvents(eventBridgeClient(), bus);
  };
  return {
    put: async (event) => {
      opened ??= open();
      await (await opened).put(event);
    },
  };
}
