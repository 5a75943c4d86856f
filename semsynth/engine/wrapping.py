"""Modules and weight names without the wrappers of distributed training."""

from __future__ import annotations

from typing import Any

from mmengine.model import is_model_wrapper
from torch import nn


def bare(module: nn.Module) -> Any:
    """The module inside its distributed wrapper, or the module itself where it has none."""
    return module.module if is_model_wrapper(module) else module


def bare_names(state: dict, model: nn.Module) -> dict:
    """A state dict with ``generator.weight`` for the ``generator.module.weight`` of a separately wrapped child.

    mmengine saves the wrapped name and looks for the bare one: a resumed run would train on from its initial weights.
    """
    wrapped = [f'{name}.module.' for name, child in model.named_children() if is_model_wrapper(child)]
    renamed = type(state)()
    for key, value in state.items():
        prefix = next((prefix for prefix in wrapped if key.startswith(prefix)), None)
        renamed[key if prefix is None else prefix.removesuffix('module.') + key.removeprefix(prefix)] = value
    return renamed
