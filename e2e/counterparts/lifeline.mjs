// A counterpart program's ties to the test that started it: one line of JSON when it is ready, and an end with its parent.
// The parent holds our standard input open; when it dies, however it dies, the pipe closes and so do we.

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
