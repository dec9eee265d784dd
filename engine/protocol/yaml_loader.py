"""Read YAML as YAML 1.2 means it, for files that people write.

PyYAML follows YAML 1.1: `3e-4` and `1e6` are strings there, `no` is False, `1:30` is 90 and `2026-01-01` a date.
Here numbers are numbers, only `true`/`false` are booleans, and `${NAME}` or `${NAME:-default}` is filled in from the
environment.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from engine.protocol.errors import ConfigError

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7_]+)$")
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+)$"
)
_INFINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$")
_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2's core schema and no duplicate keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own hook

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):  # `{{ name }}` of a template that nobody filled in
                raise yaml.MarkedYAMLError(problem="a key must be plain text", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} stands here twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """SafeDumper that also quotes text which _Loader would take for a number."""


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    return int(str(loader.construct_scalar(node)).replace("_", ""), 0)


def _construct_float(loader: _Loader, node: yaml.ScalarNode) -> int | float:
    text = str(loader.construct_scalar(node)).replace("_", "").lower()
    number = float(text.replace(".inf", "inf").replace(".nan", "nan"))
    # People write total_timesteps: 1e6, and mean an integer.
    return int(number) if "e" in text and number.is_integer() else number


_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)$")
_NULL = re.compile(r"(?:~|null|Null|NULL|)$")
for _cls in (_Loader, _Dumper):
    _cls.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("tTfF"))
    _cls.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
    _cls.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
    _cls.add_implicit_resolver("tag:yaml.org,2002:float", _INFINITE, list("-+."))
    _cls.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["~", "n", "N", ""])
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)


def load_yaml_file(path: Path, environment: Mapping[str, str] | None) -> dict[str, Any]:
    """Read the mapping in `path`, with references to `environment` filled in; None leaves them as they stand.

    Raises ConfigError when the file cannot be read, is not YAML, or holds something other than a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(str(path), "", "no such file; `rlrobo robots` lists tasks that need none.") from None
    except UnicodeDecodeError as err:
        raise ConfigError(str(path), "", "is not text; expected YAML in UTF-8.") from err
    except OSError as err:
        raise ConfigError(str(path), "", f"cannot be read: {err.strerror}; expected a YAML file.") from err
    value = parse_yaml(text, source=str(path))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(str(path), "", f"expected `key: value` lines, got a {type(value).__name__}.")
    return value if environment is None else _fill_references(value, environment, source=str(path), key="")


def parse_yaml(text: str, *, source: str) -> Any:
    """Parse one YAML document; `source` names it in errors.

    Raises ConfigError with line and column.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        where = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
        problem = err.problem or str(err)
        if "\\t" in problem:
            problem += " (a tab; YAML wants spaces here)"
        raise ConfigError(where, "", f"not valid YAML: {problem}.") from err
    except (yaml.YAMLError, ValueError) as err:
        raise ConfigError(source, "", f"not valid YAML: {err}.") from err


def dump_yaml(value: Any) -> str:
    """Write `value` as YAML that parse_yaml reads back."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _fill_references(value: Any, environment: Mapping[str, str], *, source: str, key: str) -> Any:
    if isinstance(value, dict):
        return {
            name: _fill_references(item, environment, source=source, key=f"{key}.{name}".lstrip("."))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_fill_references(item, environment, source=source, key=f"{key}[{i}]") for i, item in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    filled = _REFERENCE.sub(lambda match: _lookup(match, environment, source=source, key=key), value)
    # A whole value such as `seed: ${SEED}` keeps its YAML type; text with a reference inside stays text.
    return parse_yaml(filled, source=source) if _REFERENCE.fullmatch(value) and "$${" not in value else filled


def _lookup(match: re.Match[str], environment: Mapping[str, str], *, source: str, key: str) -> str:
    name = match["name"]
    if name is None:  # $${ is an escaped ${
        return "${"
    found = environment.get(name) or match["default"]
    if found is None:
        raise ConfigError(
            source, key, f"the environment variable {name} is not set; set it, or write ${{{name}:-default}}."
        )
    return found
