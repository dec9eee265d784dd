"""Only the user who has the token gets in, from a page of the server itself, under the server's own name."""

from collections.abc import Awaitable, Callable

import pytest

from tests.rlrobo_tui.web.server_calls import Browser, browse, has_cookie

Ask = Callable[[Browser], Awaitable[int]]

STRANGERS: dict[str, tuple[Ask, int]] = {
    "the first page without a token": (lambda b: b.status(b.url("")), 401),
    "the app's page without a cookie": (lambda b: b.status(b.room_url()), 401),
    "a file without a cookie": (lambda b: b.status(b.room_url("static/terminal.js")), 401),
    "a socket without a cookie": (lambda b: b.refusal(), 401),
    "a wrong token": (lambda b: b.enter("x" * 43), 403),
    "an empty token": (lambda b: b.enter(""), 403),
    "a token that is no ASCII": (lambda b: b.enter("é"), 403),
    "a very long token": (lambda b: b.enter("x" * 100_000), 413),
    "another cookie": (lambda b: b.status(b.room_url(), Cookie="rlrobo=guess"), 401),
    "an unknown room": (lambda b: b.status(b.url("room/")), 404),
    "an unknown download": (lambda b: b.status(b.url("download/0")), 404),
}
IMPOSTORS: dict[str, tuple[Ask, int]] = {
    "a page under another name": (lambda b: b.status(b.room_url(), Host="evil.example"), 403),
    "a page under another port": (lambda b: b.status(b.room_url(), Host="127.0.0.1:1"), 403),
    "a page under localhost": (
        lambda b: b.status(b.room_url(), Host=f"localhost:{b.server.guard.authority[10:]}"),
        403,
    ),
    "a script of another page": (lambda b: b.status(b.room_url(), Origin="http://evil.example"), 403),
    "a script of a file": (lambda b: b.status(b.room_url(), Origin="null"), 403),
    "a socket of another page": (lambda b: b.refusal(origin="http://evil.example"), 403),
    "a socket of another port": (lambda b: b.refusal(origin="http://127.0.0.1:1"), 403),
    "a socket over https": (lambda b: b.refusal(origin=b.server.guard.origin.replace("http", "https")), 403),
    "a socket of no page": (lambda b: b.refusal(origin=""), 403),
    "a socket under another name": (lambda b: b.refusal(host="evil.example"), 403),
    "a folder": (lambda b: b.status(b.room_url("static/")), 404),
    "a file that is not offered": (lambda b: b.status(b.room_url("static/door.js")), 404),
    "a file of this machine": (lambda b: b.status(b.room_url("static/..%2f..%2fserver.py")), 404),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_gets_nothing(name: str) -> None:
    ask, expected = STRANGERS[name]

    async def play(browser: Browser) -> None:
        assert await ask(browser) == expected
        assert not has_cookie(browser)

    browse(play)


@pytest.mark.parametrize("name", IMPOSTORS)
def test_a_cookie_alone_lets_nobody_in(name: str) -> None:
    ask, expected = IMPOSTORS[name]

    async def play(browser: Browser) -> None:
        assert await browser.enter() == 200
        assert await browser.status(browser.room_url()) == 200, "the cookie is right"
        assert await ask(browser) == expected

    browse(play)


def test_token_from_another_page_buys_no_cookie() -> None:
    async def play(browser: Browser) -> None:
        url, token = browser.url("enter"), browser.server.guard.token
        assert await browser.status(url, method="POST", data=token, Origin="http://evil.example") == 403
        assert await browser.status(url, method="POST", data=token) == 403
        assert not has_cookie(browser)

    browse(play)


def test_cookie_is_hidden_from_scripts_other_sites_and_other_servers_of_the_machine() -> None:
    async def play(browser: Browser) -> None:
        await browser.enter()
        (cookie,) = browser.session.cookie_jar
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert cookie["path"] == browser.server.guard.room
        assert browser.server.guard.token not in cookie.value

    browse(play)


def test_token_has_256_bits_and_stays_behind_the_hash() -> None:
    async def play(browser: Browser) -> None:
        guard = browser.server.guard
        assert browser.server.url == f"http://{guard.authority}/#{guard.token}"
        assert len(guard.token) == 43  # 32 bytes in base64
        async with browser.session.get(browser.server.url) as response:
            assert guard.token not in await response.text()

    browse(play)


@pytest.mark.parametrize("path", ["", "door.js", "nothing", "room"])
def test_nothing_is_cached_framed_or_loaded_from_elsewhere(path: str) -> None:
    async def play(browser: Browser) -> None:
        await browser.enter()
        url = browser.room_url() if path == "room" else browser.url(path)
        async with browser.session.get(url) as response:
            text = await response.text()
            policy = response.headers["Content-Security-Policy"]
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Frame-Options"] == "DENY"
            assert "default-src 'none'" in policy
            assert "'unsafe-eval'" not in policy
            assert "https:" not in text + policy

    browse(play)
