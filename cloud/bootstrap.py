"""The user data of an instance: boot.sh with boot_helper.py and view_helper.py inside, filled in for one run.

Everything in it follows from the spec and the attempt's number, so the same launch sent twice is the same launch for
EC2's client token, and a template with a placeholder for the number serves whoever launches a later attempt.
"""

from __future__ import annotations

import math
import shlex
from pathlib import Path

from cloud.layout import ATTEMPT_PLACEHOLDER
from cloud.records import Attempt, CloudSpec

MAX_BYTES = 16_384
"""EC2's limit, before base64."""
_SCRIPT, _HELPER, _VIEW = (Path(__file__).with_name(name) for name in ("boot.sh", "boot_helper.py", "view_helper.py"))


def user_data(spec: CloudSpec, attempt: Attempt) -> str:
    """Return the script that carries out an attempt. It holds no secret."""
    return boot_template(spec).replace(ATTEMPT_PLACEHOLDER, str(attempt.number))


def boot_template(spec: CloudSpec) -> str:
    """Return the script with a placeholder for the attempt's number."""
    folder = spec.wheel_key.rpartition("/")[0]
    values = {
        "RUN": spec.run_id,
        "BUCKET": spec.bucket,
        "REGION": spec.region,
        "DEADLINE": str(math.ceil(spec.deadline())),
        "IMAGE": spec.image,
        "WHEEL": spec.wheel_key,
        "SHA256": spec.wheel_sha256,
        "VIEW_KEY": spec.view_key,
        "CONSTRAINTS": f"{folder}/constraints.txt" if folder else "",
    }
    script = _SCRIPT.read_text(encoding="utf-8")
    for name, value in values.items():
        script = script.replace(f"@{name}@", shlex.quote(value))
    script = script.replace("@VIEW_PY@\n", _VIEW.read_text(encoding="utf-8"))
    return script.replace("@BOOT_PY@\n", _HELPER.read_text(encoding="utf-8"))
