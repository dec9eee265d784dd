"""Files that a URDF or MJCF model refers to, found by reading the XML; no physics engine."""

from __future__ import annotations

import os
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

from robots.model_xml import parse_xml

_ATTRIBUTES = {"mesh": ("filename", "file"), "texture": ("filename", "file")}
_SCHEMES = ("package://", "model://", "file://")


def references(model: Path) -> dict[str, Path]:
    """Return each file that the model names, as it is written there, and where it is. Raises ModelFileError.

    What does not exist is left out; loading the model says so.
    """
    root = parse_xml(model, roots=("robot", "mujoco", "sdf"))
    folders = asset_folders(root)
    found: dict[str, Path] = {}
    for element in root.iter():
        for attribute in _ATTRIBUTES.get(element.tag, ()):
            text = element.get(attribute, "")
            path = resolve_reference(model, os.path.join(folders.get(element.tag, ""), text)) if text else None
            if path is not None:
                found[text] = path
    return found


def asset_folders(root: ET.Element) -> dict[str, str]:
    """Return the folders, relative to an MJCF model's, where it keeps files, by the tag that names them."""
    compiler = root.find("compiler")
    if compiler is None:
        return {}
    return {"mesh": compiler.get("meshdir", ""), "texture": compiler.get("texturedir", "")}


def resolve_reference(model: Path, text: str) -> Path | None:
    """Return the file that `text` means in `model`, in the model's folder or one that holds it; None if there is none.

    PyBullet drops the scheme and looks there, too, leaving out leading folders.
    """
    for scheme in _SCHEMES:
        text = text.removeprefix(scheme)
    parts = Path(text).parts
    for folder in (model.parent, *list(model.parent.parents)[:4]):
        for first in range(len(parts)):
            path = folder.joinpath(*parts[first:])
            if path.is_file():
                return path.resolve()
    return None


def copy_model(model: Path, folder: Path) -> Path:
    """Copy a model with every file that it refers to into `folder`; return the copy's path relative to it.

    The files keep their places relative to each other; absolute names become relative ones. Raises ModelFileError.
    """
    model = model.resolve()
    files = references(model)
    root = Path(os.path.commonpath([model.parent, *(path.parent for path in files.values())]))
    for path in {model, *files.values()}:
        target = folder / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    copy = model.relative_to(root)
    content = model.read_text(encoding="utf-8")
    for text, path in files.items():
        if Path(text.removeprefix("file://")).is_absolute():
            content = content.replace(text, os.path.relpath(path, model.parent))
    (folder / copy).write_text(content, encoding="utf-8")
    return copy
