/** What Node's permission model leaves to a child and a run has no use for, taken away before any blueprint is loaded. */

// What blueprints reach, they reach through ctx: without these a slip is found at once.
for (const way of ['fetch', 'WebSocket', 'EventSource'] as const) Reflect.deleteProperty(globalThis, way);

// A signal ends the engine, and SIGUSR1 opens its debugger to whoever can open a socket.
for (const way of ['kill', '_kill', '_debugProcess', '_debugEnd', 'setuid', 'setgid']) {
  Reflect.deleteProperty(process, way);
}
