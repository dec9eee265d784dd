"""Change hyper-parameters of a model that is training."""

import msgspec
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.utils import FloatSchedule

from engine.protocol.algorithms import LIVE_KEYS, algorithm_name
from engine.protocol.config import RunConfig


def set_live(model: BaseAlgorithm, config: RunConfig, key: str, value: float) -> str:
    """Set one of LIVE_KEYS and return what was done. Raises ValueError when it cannot be set so."""
    name = algorithm_name(config.algorithm)
    if key not in LIVE_KEYS[name]:
        raise ValueError(f"{key}: {name} can change {', '.join(LIVE_KEYS[name])} while training")
    fields = {**msgspec.to_builtins(config.algorithm), key: int(value) if value.is_integer() else value}
    try:
        msgspec.convert(fields, type(config.algorithm))
    except msgspec.ValidationError as err:
        problem = str(err).partition(" - at")[0].replace("`", "").replace("Expected", "expected")
        raise ValueError(f"{key}: {problem}, got {value:g}") from None
    if key == "learning_rate":
        model.learning_rate = value
        model.lr_schedule = FloatSchedule(value)
    elif key == "clip_range":
        model.clip_range = FloatSchedule(value)  # type: ignore[attr-defined]
    else:
        setattr(model, key, fields[key])
    return f"{key} is {value:g} from here on"
