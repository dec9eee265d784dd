"""Who may come in: whoever has the token, from a page of this server, under this server's own name.

A server on 127.0.0.1 is within reach of every page that the user's browser shows, and of everybody who is logged in on
the machine. So every request is checked for the name it asks for (DNS rebinding), for the page that it comes from, and
for a cookie that only the token buys.
"""

import hmac
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

HOST = "127.0.0.1"
"""The only address to listen on; what is further away comes through `ssh -L`."""
COOKIE = "rlrobo"


class Guard:
    """Checks requests to one server. Its secrets live as long as it does and are never written down."""

    def __init__(self, port: int) -> None:
        self.authority = f"{HOST}:{port}"
        """What a browser must call this server."""
        self.origin = f"http://{self.authority}"
        """What a browser must call a page of this server."""
        self.token = secrets.token_urlsafe(32)
        """256 random bits: the key to this server."""
        self.room = f"/{secrets.token_urlsafe(16)}/"
        """Folder of everything that needs the cookie. Browsers send a cookie to every port of a host, but only to its
        path, which another server on this machine does not know."""
        self._pass = secrets.token_urlsafe(32)

    def admit(self, token: str, response: web.StreamResponse) -> bool:
        """Give `response` the cookie if `token` is right; return whether it is."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return False
        response.set_cookie(COOKIE, self._pass, path=self.room, httponly=True, samesite="Strict")
        return True

    def middleware(self) -> Middleware:
        """Return what aiohttp asks about every request before it is handled."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            reason = self.why_refused(request)
            if reason:
                raise web.HTTPForbidden(text=reason)
            if request.path.startswith(self.room) and not self._has_cookie(request):
                raise web.HTTPUnauthorized(text="Open the address that `rlrobo web` printed.\n")
            return await handler(request)

        return check

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give every response the headers that keep a browser from storing, framing or mixing it with others."""
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            # xterm.js writes style elements for its cells.
            "style-src": "'self' 'unsafe-inline'",
            "font-src": "'self'",
            "img-src": "'self' data:",
            "connect-src": f"'self' ws://{self.authority}",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        response.headers.update(
            {
                "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
                "Cache-Control": "no-store",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
                "X-Frame-Options": "DENY",
            }
        )

    def why_refused(self, request: web.Request) -> str:
        """Return why a request may not be answered at all; empty where it may."""
        if request.headers.getall("Host", []) != [self.authority]:
            return f"This server answers to http://{self.authority} only. Behind `ssh -L`, use the same port here.\n"
        origins = request.headers.getall("Origin", [])
        must_have_origin = request.method != "GET" or "Upgrade" in request.headers
        if origins != [self.origin] and (origins or must_have_origin):
            return f"Only pages of http://{self.authority} may do this.\n"
        return ""

    def _has_cookie(self, request: web.Request) -> bool:
        return hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._pass.encode())
