"""A counterpart's ties to the test that started it, as in ../lifeline.mjs: one line of JSON when it is ready, an end with its parent, and
a second port on which it is asked what happened and told what to do. Requests at the first port are counted by route.
"""

import json
import os
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import uvicorn


def options():
    return json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}


def loopback_port():
    """A listening socket on a port that the system chose, and `http://localhost:<port>`."""
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, f"http://localhost:{listener.getsockname()[1]}"


class Counting:
    """Counts the requests of an ASGI application: method and first segment of the path behind `prefix`, and what is said no to."""

    def __init__(self, app, counts, prefix=""):
        self.app = app
        self.counts = counts
        self.prefix = prefix

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        route = f"{scope['method']} /{scope['path'].removeprefix(self.prefix).split('/')[1]}"
        count(self.counts["requests"], route)

        async def watched(message):
            if message["type"] == "http.response.start" and message["status"] >= 400:
                self.counts["refused"].append({"route": route, "status": message["status"]})
            await send(message)

        return await self.app(scope, receive, watched)


def count(table, key):
    table[key] = table.get(key, 0) + 1


def control(answers):
    """Serves `answers`, functions by path, each given the request's JSON (or None); its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(None)

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            self.answer(json.loads(body) if body else None)

        def answer(self, said):
            known = answers.get(self.path)
            self.send_response(200 if known else 404)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(known(said) if known else None).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def live_with_parent(close):
    def watch():
        sys.stdin.buffer.read()
        close()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def serve(app, listener, addresses, close=lambda: None):
    live_with_parent(close)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    print(json.dumps(addresses), flush=True)
    server.run(sockets=[listener])
