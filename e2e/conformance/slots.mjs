// Lets a number of processes run at a time: each connects, is told when its turn has come, and gives it back by closing, however it ends.

import { createServer } from 'node:net';
import { once } from 'node:events';

export async function openSlots(count, path) {
  const waiting = [];
  let free = count;
  const next = () => {
    while (free > 0 && waiting.length > 0) {
      const socket = waiting.shift();
      if (socket.destroyed) continue;
      free -= 1;
      socket.once('close', () => { free += 1; next(); });
      socket.write('go\n');
    }
  };
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.resume();
    waiting.push(socket);
    next();
  });
  server.listen(path);
  await once(server, 'listening');
  return server;
}
