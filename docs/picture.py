"""Draw docs/live.svg, the picture of the app in README.md: `python docs/picture.py RUN`, best while RUN trains.

The app itself draws it; this only opens the run at 120x40 and makes the file independent of fonts from the network.
"""

import asyncio
import re
import sys
from pathlib import Path

from engine.protocol.run_dir import find_run
from engine.protocol.settings import read_settings
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.live import LiveScreen

PICTURE = Path(__file__).with_name("live.svg")
SIZE = (120, 40)
PATIENCE_S = 3.0
_SPACE = "&#160;"
_CHARACTER = r"&[^;]+;|."
_TEXT = re.compile(r'(<text [^>]*?)x="([\d.]+)"([^>]*?)textLength="([\d.]+)"([^>]*>)([^<]*)</text>')


def main() -> None:
    """Draw the run that the command line names, or the latest."""
    name = sys.argv[1] if len(sys.argv) > 1 else "latest"
    svg = asyncio.run(_draw(name))
    PICTURE.write_text(_without_network(_TEXT.sub(_without_outer_spaces, svg)), encoding="utf-8")


async def _draw(name: str) -> str:
    runs_dir = read_settings().runs_dir
    app = RlroboApp(runs_dir, run=find_run(runs_dir, name))
    async with app.run_test(size=SIZE) as pilot:
        await asyncio.sleep(PATIENCE_S)
        await pilot.pause()
        assert isinstance(app.screen, LiveScreen)
        return app.export_screenshot(title="rlrobo tui")


def _without_outer_spaces(match: "re.Match[str]") -> str:
    """Move a text instead of beginning it with spaces, which some renderers leave out."""
    before, x, between, length, after, text = match.groups()
    num_columns = len(re.findall(_CHARACTER, text))
    column = float(length) / max(1, num_columns)
    shown = re.sub(f"^({_SPACE})+", "", text)
    num_leading = (len(text) - len(shown)) // len(_SPACE)
    shown = re.sub(f"({_SPACE})+$", "", shown)
    if not shown:
        return ""
    num_shown = len(re.findall(_CHARACTER, shown))
    x_shown, length_shown = float(x) + num_leading * column, num_shown * column
    return f'{before}x="{x_shown:g}"{between}textLength="{length_shown:g}"{after}{shown}</text>'


def _without_network(svg: str) -> str:
    """Drop the fonts that Textual's pictures fetch; the viewer's own monospace font takes their place."""
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    main()
