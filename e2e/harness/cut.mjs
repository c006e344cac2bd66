// A wire that can be cut: what stands between a client and a server, and breaks all connections when it is told to. New ones are let
// through again.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export async function startWire(port) {
  const open = new Set();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [[near, far], [far, near]]) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => {});
      from.on('close', () => { open.delete(from); to.destroy(); });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => { for (const socket of open) socket.resetAndDestroy(); };
  return { port: server.address().port, cut, stop: () => { server.close(); cut(); } };
}
