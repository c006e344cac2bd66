"""What the official Python SDK leaves to its users of an authorization server of one's own: where clients, codes and tokens are kept, and
the page of consent. Endpoints, metadata, client authentication, PKCE and the checks of each request are the SDK's.

Strict: a code is used once, a refresh token too (a second use ends the whole family), tokens are for the one resource.

Control: POST /access-token-life {"seconds": n}, POST /forget-clients, POST /live {"token": t} -> {"live": bool}.
"""

import html
import secrets
import time

from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizeError,
    RefreshToken,
    TokenError,
    construct_redirect_uri,
)
from mcp.shared.auth import OAuthToken
from starlette.responses import HTMLResponse, RedirectResponse

from lifeline import count


class Authority:
    def __init__(self, origin, resource, scope, counts):
        self.origin, self.resource, self.scope, self.counts = origin, resource, scope, counts
        self.life = 3600
        self.clients, self.asked, self.codes, self.access, self.refresh, self.spent = {}, {}, {}, {}, {}, {}
        self.reset()

    def reset(self):
        self.counts.update(granted={}, revoked=0, reused=0)

    def answers(self):
        return {
            "/access-token-life": lambda said: setattr(self, "life", said["seconds"]),
            "/forget-clients": lambda _: self.clients.clear(),
            "/live": lambda said: {"live": said["token"] in self.access or said["token"] in self.refresh},
        }

    async def get_client(self, client_id):
        return self.clients.get(client_id)

    async def register_client(self, client_info):
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client, params):
        if params.resource != self.resource:
            raise AuthorizeError("invalid_target", f"no such resource: {params.resource}")
        ticket = secrets.token_urlsafe(32)
        self.asked[ticket] = (client, params)
        return f"{self.origin}/consent?ticket={ticket}"

    def pages(self, server):
        @server.custom_route("/consent", methods=["GET", "POST"])
        async def consent(request):
            ticket = request.query_params["ticket"]
            if ticket not in self.asked:
                return HTMLResponse("<p>This was answered before.</p>", status_code=400)
            client, params = self.asked[ticket]
            if request.method == "GET":
                return HTMLResponse(f"<h1>{html.escape(client.client_name or '')}</h1><form method='post'><button>Allow</button></form>")
            del self.asked[ticket]
            code = AuthorizationCode(
                code=secrets.token_urlsafe(32),
                scopes=params.scopes or [self.scope],
                expires_at=time.time() + 60,
                client_id=client.client_id,
                code_challenge=params.code_challenge,
                redirect_uri=params.redirect_uri,
                redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
                resource=params.resource,
                subject="alice",
            )
            self.codes[code.code] = code
            return RedirectResponse(construct_redirect_uri(str(params.redirect_uri), code=code.code, state=params.state), status_code=302)

    async def load_authorization_code(self, client, authorization_code):
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(self, client, authorization_code):
        del self.codes[authorization_code.code]
        count(self.counts["granted"], "authorization_code")
        return self.pair(secrets.token_hex(8), authorization_code)

    async def load_refresh_token(self, client, refresh_token):
        if refresh_token in self.spent:
            self.counts["reused"] += 1
            self.end(self.spent[refresh_token])
        return self.refresh.get(refresh_token, (None, None))[1]

    async def exchange_refresh_token(self, client, refresh_token, scopes):
        if refresh_token.token not in self.refresh:
            raise TokenError("invalid_grant", "this refresh token was used before")
        family, _ = self.refresh.pop(refresh_token.token)
        self.spent[refresh_token.token] = family
        count(self.counts["granted"], "refresh_token")
        return self.pair(family, refresh_token, scopes)

    def pair(self, family, grant, scopes=None):
        common = {"client_id": grant.client_id, "scopes": scopes or grant.scopes, "resource": grant.resource, "subject": grant.subject}
        access = AccessToken(token=secrets.token_urlsafe(32), expires_at=int(time.time()) + self.life, **common)
        refresh = RefreshToken(token=secrets.token_urlsafe(32), **common)
        self.access[access.token] = (family, access)
        self.refresh[refresh.token] = (family, refresh)
        return OAuthToken(access_token=access.token, expires_in=self.life, scope=" ".join(access.scopes), refresh_token=refresh.token)

    async def load_access_token(self, token):
        return self.access.get(token, (None, None))[1]

    async def revoke_token(self, token):
        self.counts["revoked"] += 1
        family, _ = self.access.get(token.token) or self.refresh.get(token.token)
        self.end(family)

    def end(self, family):
        for table in (self.access, self.refresh):
            for token in [token for token, (of, _) in table.items() if of == family]:
                del table[token]
