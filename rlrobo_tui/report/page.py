"""Put a report together: one HTML page that loads nothing from anywhere."""

import base64
import hashlib
from html import escape
from importlib import metadata
from pathlib import Path
from string import Template

from rlrobo_tui.report import sections
from rlrobo_tui.report.facts import Facts

_STATIC = Path(__file__).with_name("static")


def build(facts: Facts) -> str:
    """Return the page."""
    parts = [
        sections.heading(facts),
        sections.headline(facts),
        sections.video(facts.video),
        sections.curves(facts),
        sections.evaluations(facts),
        sections.rewards(facts),
        sections.time_use(facts),
        sections.configuration(facts),
        sections.provenance(facts),
        sections.checkpoints(facts),
        sections.log(facts),
    ]
    script = (_STATIC / "hover.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # Whatever a run's texts hold: nothing is loaded, and no script but ours runs.
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; media-src data:"
    return Template((_STATIC / "page.html").read_text(encoding="utf-8")).substitute(
        policy=policy,
        title=escape(facts.run.id),
        style=(_STATIC / "style.css").read_text(encoding="utf-8"),
        script=script,
        body="".join(parts),
        footer=escape(f"Made by rlrobo {metadata.version('rlrobo')} with `rlrobo report {facts.run.id}`."),
    )
