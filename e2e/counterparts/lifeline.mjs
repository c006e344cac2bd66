// A counterpart program's ties to the test that started it: one line of JSON when it is ready, and an end with its parent.
// The parent holds our standard input open; when it dies, however it dies, the pipe closes and so do we.

import { createServer } from 'node:http';

export function liveWithParent(close = () => {}) {
  process.stdin.resume();
  process.stdin.on('end', () => {
    close();
    process.exit(0);
  });
}

export function ready(addresses) {
  process.stdout.write(`${JSON.stringify(addresses)}\n`);
}

// Resolves with the port, chosen by the system, on which `server` listens on loopback.
export function listenOnLoopback(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

// A second port on which the test asks what happened and says what to do: `answers` by path, each given the request's JSON.
// Resolves with its address.
export async function control(answers) {
  const server = createServer(async (request, response) => {
    const answer = answers[request.url];
    if (!answer) return response.writeHead(404).end();
    let text = '';
    for await (const chunk of request) text += chunk;
    const said = await answer(text ? JSON.parse(text) : undefined);
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(said ?? null));
  });
  return `http://127.0.0.1:${await listenOnLoopback(server)}`;
}
