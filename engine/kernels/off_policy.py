"""The structures of off_policy.h in ctypes."""

from __future__ import annotations

import ctypes

from engine.kernels.network import NetworkStruct
from engine.kernels.structs import AdamStruct, numbers, pointers, reals


class BatchStruct(ctypes.Structure):
    """`struct batch`."""

    _fields_ = (
        *pointers("observations", "inputs", "next_observations", "rewards", "discounts", "targets"),
        *numbers("num_rows", "observation_size", "action_size"),
    )


class ReplayStruct(ctypes.Structure):
    """`struct replay`."""

    _fields_ = (*pointers("rows", "drawn"), *reals("gamma"))


class CriticStruct(ctypes.Structure):
    """`struct critic`."""

    _fields_ = (
        ("network", NetworkStruct),
        ("adam", AdamStruct),
        *pointers("target"),
        *numbers("num_weights"),
        *pointers("errors", "by_outputs"),
        *reals("loss"),
    )


class ReadingStruct(ctypes.Structure):
    """`struct reading`."""

    _fields_ = (
        *pointers("critics", "targets"),
        *numbers("num_critics", "num_targets"),
        *pointers("inputs", "actions", "by_actions", "values", "by_some_actions", "which", "rows"),
    )


class ActorParametersStruct(ctypes.Structure):
    """`struct actor_parameters`."""

    _fields_ = (("adam", AdamStruct), *pointers("other_gradients", "target"), *numbers("num_weights"))


class OffPolicyStruct(ctypes.Structure):
    """`struct off_policy`."""

    _fields_ = (
        ("batch", BatchStruct),
        *pointers("critics"),
        *numbers("num_critics"),
        ("halves", ReadingStruct * 2),
        ("actor", ActorParametersStruct),
        *reals("loss_scale", "tau"),
        ("actor_losses", ctypes.c_double * 2),
        ("replay", ReplayStruct),
        *numbers("chunk_rows", "next_chunk"),
    )
