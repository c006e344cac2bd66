"""A client on the official Python SDK that makes one call. Prints, one line of JSON each, where it is told to sign in, and what the call
answered. Its argument (JSON): `url`; `mode`, the way in which it begins; `asked`, whether it can be asked to open an address.
"""

import json

import anyio
import mcp_types as types
from mcp import Client

from lifeline import options


def say(**what):
    print(json.dumps(what), flush=True)


async def main():
    given = options()

    async def elicited(_context, params):
        say(told=params.url, asked=params.mode)
        return types.ElicitResult(action="accept")

    async def step(_progress, _total, message):
        if not given["asked"]:
            say(told=message)

    callbacks = {"elicitation_callback": elicited} if given["asked"] else {}
    async with Client(given["url"], mode=given["mode"], **callbacks) as client:
        result = await client.call_tool("echo", {"text": "hello"}, progress_callback=step)
        say(text=result.content[0].text, error=bool(result.is_error))


anyio.run(main)
