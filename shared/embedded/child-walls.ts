/** What Node's permission model leaves to a child and a run has no use for, taken away before any blueprint is loaded. */

import { Socket as UdpSocket } from 'node:dgram';
import { Server, Socket } from 'node:net';

// What blueprints reach, they reach through ctx: without these a slip is found at once.
for (const way of ['fetch', 'WebSocket', 'EventSource'] as const) Reflect.deleteProperty(globalThis, way);

// A signal ends the engine, and SIGUSR1 opens its debugger to whoever can open a socket.
for (const way of ['kill', '_kill', '_debugProcess', '_debugEnd', 'setuid', 'setgid']) {
  Reflect.deleteProperty(process, way);
}

// Node 24 knows no permission for sockets. All that is built upon these (http, tls, a package of our own) meets the same end.
const closed = {
  ...{ writable: false, configurable: false },
  value() {
    throw Object.assign(new Error('a run has no sockets: what it reaches, it reaches through ctx'), {
      code: 'ERR_ACCESS_DENIED',
    });
  },
} as const;
for (const way of ['connect', 'listen', 'bind', 'send', 'addMembership'] as const) {
  for (const { prototype } of [Socket, Server, UdpSocket]) {
    if (way in prototype) Object.defineProperty(prototype, way, closed);
  }
}
