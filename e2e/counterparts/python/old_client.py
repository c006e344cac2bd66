"""A client on the official Python SDK over the old HTTP+SSE transport: everything that a stream has to carry, at the address and with the
key in its argument (JSON), in the end a call that it leaves behind. Prints what it heard as one line of JSON.
"""

import json
import os

import anyio
import mcp_types as types
from mcp import ClientSession
from mcp.client.sse import sse_client

from lifeline import options


async def main():
    given = options()
    heard = {"steps": []}
    changed = anyio.Event()

    async def sampled(_context, params):
        heard["sampling"] = params.messages[0].content.text
        return types.CreateMessageResult(role="assistant", model="nobody", content=types.TextContent(type="text", text="a walk"))

    async def elicited(_context, params):
        heard["elicitation"] = params.message
        return types.ElicitResult(action="accept", content={"colour": "blue"})

    async def message(message):
        if isinstance(message, types.ToolListChangedNotification):
            changed.set()

    async def step(progress, _total, _message):
        heard["steps"].append(progress)

    headers = {"Authorization": f"Bearer {given['key']}"} if "key" in given else None
    callbacks = {"sampling_callback": sampled, "elicitation_callback": elicited, "message_handler": message}
    async with sse_client(given["url"], headers=headers) as streams, ClientSession(*streams, **callbacks) as session:
        heard["server"] = (await session.initialize()).server_info.name

        async def text(tool, **more):
            return (await session.call_tool(f"{given.get('prefix', '')}{tool}", {}, **more)).content[0].text

        heard["tools"] = [tool.name for tool in (await session.list_tools()).tools]
        heard["texts"] = [await text("steps", progress_callback=step), await text("sample"), await text("elicit"), await text("grow")]
        with anyio.fail_after(30):
            await changed.wait()
        heard["after"] = [tool.name for tool in (await session.list_tools()).tools]

        begun = anyio.Event()

        async def began(*_):
            begun.set()

        async with anyio.create_task_group() as calls:
            calls.start_soon(lambda: text("wait", progress_callback=began))
            with anyio.fail_after(30):
                await begun.wait()
            if given.get("leaves"):
                # Not a word of farewell: as when the program is killed.
                print(json.dumps(heard), flush=True)
                os._exit(0)
            calls.cancel_scope.cancel()
    print(json.dumps(heard), flush=True)


anyio.run(main)
