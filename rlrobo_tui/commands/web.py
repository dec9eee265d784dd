"""`rlrobo web`: the app in a browser, for this machine's user and nobody else."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from engine.protocol.errors import UsageError
from rlrobo_tui.console import narrate, print_data
from rlrobo_tui.folders import state_dir

LOOPBACK = "127.0.0.1"


def web(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any that is free.")] = 8642,
    steer: Annotated[
        bool, typer.Option("--steer", help="Let runs be started, steered and ended in the browser.")
    ] = False,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the browser.")] = False,
    host: Annotated[str, typer.Option(help="Loopback and nothing else; use `ssh -L` from elsewhere.")] = LOOPBACK,
) -> None:
    """Show the app in a browser on this machine.

    Prints an address with a token in it: whoever has it sees the runs, and steers them with --steer. Ctrl-C ends the
    server; training goes on. From another machine: `ssh -L 8642:127.0.0.1:8642 HOST`, then open the address there.
    """
    if host != LOOPBACK:
        raise UsageError(
            f"--host {host}: the app is served on {LOOPBACK} only, since whoever reaches it could steer your runs. "
            f"From another machine, run `ssh -L {port}:{LOOPBACK}:{port} THIS_MACHINE` and open the address there."
        )
    try:
        from rlrobo_tui.web.server import Serving, serve_until_interrupted
        from rlrobo_tui.web.session import app_command
    except ModuleNotFoundError as err:
        if err.name not in ("aiohttp", "textual_serve"):
            raise
        raise UsageError(f"{err.name} is not installed; install it with `pip install 'rlrobo[web]'`.") from err

    def announce(url: str) -> None:
        print_data(url)
        what = (
            "Runs can be steered there." if steer else "Runs can only be watched there; --steer lets them be steered."
        )
        narrate(f"Open this address on this machine. {what} Ctrl-C ends the server; training goes on.")
        if open_browser:
            _open(url)

    try:
        serve_until_interrupted(Serving(port=port, command=app_command(may_steer=steer)), announce)
    finally:
        _address_page().unlink(missing_ok=True)


def _address_page() -> Path:
    return state_dir() / "web.html"


def _open(url: str) -> None:
    """Open a page that leads to `url`: a command line with the token in it could be read by everybody here."""
    page = _address_page()
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.unlink(missing_ok=True)
        page.touch(mode=0o600)
        page.write_text(f'<meta charset="utf-8"><meta http-equiv="refresh" content="0; url={url}">')
    except OSError as err:
        narrate(f"{page}: cannot be written ({err.strerror}); open the address yourself.")
        return
    if not webbrowser.open(page.as_uri()):
        narrate("No browser was found; open the address yourself.")
