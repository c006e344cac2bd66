"""An MCP server on the official Python SDK that wants a token, in the SDK's own way: either one of an authorization server elsewhere,
which is asked about each token (RFC 7662), or one of the SDK's own authorization server in the same process (authority.py).

Arguments (one JSON object): {"scope": "mcp:tools"} and, for the first way, {"issuer", "introspection": address, "secret": bearer for it}.
Prints {"url", "issuer", "control"}. Control:
  GET  /counts          requests by route, MCP requests let in, tokens seen
  POST /refuse-issued   every token seen until now is refused from now on (as if it had been revoked)
and, when the authorization server is in the same process, what authority.py offers.
"""

import hashlib
import json

import httpx2
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, ProviderTokenVerifier
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions, RevocationOptions
from mcp.server.mcpserver import MCPServer

from authority import Authority
from lifeline import Counting, control, loopback_port, options, serve

asked = {"scope": "mcp:tools", **options()}
listener, origin = loopback_port()
url = f"{origin}/mcp"
counts = {"requests": {}, "refused": [], "admitted": 0, "tokens": []}
seen, refused = set(), set()


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()[:16]


class Watching:
    """Asks `verifier`, and refuses what the test refuses."""

    def __init__(self, verifier):
        self.verifier = verifier

    async def verify_token(self, token):
        known = None if token in refused else await self.verifier.verify_token(token)
        if known:
            seen.add(token)
            counts["admitted"] += 1
            if digest(token) not in counts["tokens"]:
                counts["tokens"].append(digest(token))
        return known


class Introspection:
    """What the authorization server says of a token."""

    async def verify_token(self, token):
        async with httpx2.AsyncClient() as client:
            answer = await client.post(asked["introspection"], data={"token": token}, headers={"authorization": f"Bearer {asked['secret']}"})
        answer.raise_for_status()
        said = answer.json()
        if not said["active"] or url not in said.get("aud", []):
            return None
        return AccessToken(token=token, client_id=said["client_id"], scopes=said["scope"].split(), expires_at=said["exp"], resource=url, subject=said["username"])


if "issuer" in asked:
    authority = None
    issuer = asked["issuer"]
    way = {"token_verifier": Watching(Introspection())}
    auth = AuthSettings(issuer_url=issuer, resource_server_url=url, required_scopes=[asked["scope"]], validate_token_resource=True)
else:
    issuer = origin
    authority = Authority(origin, url, asked["scope"], counts)
    way = {"auth_server_provider": authority}
    auth = AuthSettings(
        issuer_url=issuer,
        resource_server_url=url,
        required_scopes=[asked["scope"]],
        validate_token_resource=True,
        client_registration_options=ClientRegistrationOptions(enabled=True, valid_scopes=[asked["scope"]], default_scopes=[asked["scope"]]),
        revocation_options=RevocationOptions(enabled=True),
    )

server = MCPServer("vault", auth=auth, **way)
if authority:
    authority.pages(server)
    # `MCPServer` takes a verifier only where it has no authorization server of its own.
    server._token_verifier = Watching(ProviderTokenVerifier(authority))


@server.tool()
def echo(text: str) -> str:
    """Says it again"""
    return text


@server.tool()
def whoami() -> str:
    """Whose token came with the call"""
    token = get_access_token()
    return json.dumps({"subject": token.subject, "scopes": token.scopes, "token": digest(token.token)})


def refuse_issued(_):
    refused.update(seen)


def reset(_):
    counts.update(requests={}, refused=[], admitted=0, tokens=[])
    if authority:
        authority.reset()


answers = {"/counts": lambda _: counts, "/refuse-issued": refuse_issued, "/reset": reset, **(authority.answers() if authority else {})}
serve(Counting(server.streamable_http_app(), counts), listener, {"url": url, "issuer": issuer, "control": control(answers)})
