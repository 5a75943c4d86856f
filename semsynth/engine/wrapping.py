"""Modules and weight names without the wrappers of distributed training."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import MMSeparateDistributedDataParallel, is_model_wrapper
from mmengine.registry import MODEL_WRAPPERS
from torch import nn


@MODEL_WRAPPERS.register_module()
class CapturableDataParallel(MMSeparateDistributedDataParallel):
    """Wraps each part that several ranks train, so that a CUDA graph can hold their steps (``model.graphs``).

    DDP adds up gradients on the stream that it was made on, and a graph can wait for any but the default one.
    """

    def __init__(self, module: nn.Module, **options):
        with torch.cuda.stream(torch.cuda.Stream() if torch.cuda.is_available() else None):
            super().__init__(module, **options)


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
