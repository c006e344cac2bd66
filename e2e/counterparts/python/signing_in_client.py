"""A client on the official Python SDK that signs in to the server at `url` (its argument, JSON) with what it finds there, calls `tool`, and for each line
on its standard input calls it again. Prints, one line of JSON each, the link for the person, and what each call answered. Its callback is on a port of this machine.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata


def say(**what):
    print(json.dumps(what), flush=True)


class Memory:
    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class Callback(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urlsplit(self.path)
        if asked.path == "/callback":
            self.server.answer = {key: values[0] for key, values in parse_qs(asked.query).items()}
        self.send_response(200 if asked.path == "/callback" else 404)
        self.end_headers()
        self.wfile.write(b"done")

    def log_message(self, *_):
        pass


async def main():
    given = json.loads(sys.argv[1])
    server = HTTPServer(("127.0.0.1", 0), Callback)
    server.answer = None
    address = f"http://127.0.0.1:{server.server_port}/callback"

    async def redirected(link):
        say(link=link)

    async def called_back():
        server.answer = None
        while server.answer is None:
            await anyio.to_thread.run_sync(server.handle_request)
        answer = server.answer
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    metadata = OAuthClientMetadata(client_name="A program in Python", redirect_uris=[address])
    provider = OAuthClientProvider(given["url"], metadata, Memory(), redirected, called_back)
    async with httpx2.AsyncClient(auth=provider, timeout=120) as http:
        async with Client(streamable_http_client(given["url"], http_client=http)) as client:
            while True:
                result = await client.call_tool(given["tool"], {"message": "hello"})
                say(text=result.content[0].text, error=bool(result.is_error))
                if not await anyio.to_thread.run_sync(sys.stdin.readline):
                    return


anyio.run(main)
