"""Benchmark of the synthesis of one image, from label and instance map to image, all on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor

from semsynth.apis.building import build_for_inference
from semsynth.apis.drawn_layout import draw_layout, layout_size
from semsynth.apis.inferencer import Inferencer
from semsynth.config import load_config
from semsynth.layers.norm import fuse_norms
from semsynth.layers.spectral import bake
from semsynth.studies.benchmark.measuring import Step, Version, check_versions

VERSIONS = ('float32', 'plain', 'channels_last', 'bfloat16', 'bfloat16_channels_last')
"""As ``semsynth synthesize`` does it; as training leaves the model, with spectral norm and what only losses read; the
first with weights channels last in memory, under autocast, and both."""
COMPILED = 'bfloat16_compiled'
"""Under autocast and compiled by ``torch.compile``, on a GPU with CUDA graphs; it takes minutes: on request."""
ON_REQUEST = (COMPILED, 'fused_norms', 'bfloat16_fused_norms', 'bfloat16_channels_last_fused_norms')
"""The others with ``model.fused_norms=True``, which is for GPUs."""


def inference(device: str, configs: Sequence[str | Path | Config], size: tuple[int, int] | None = None,
              versions: Sequence[str] = VERSIONS) -> list[list[Version]]:
    """The generators of configs, as they are initialised, on one layout of random blocks.

    Args:
        device: what they run on.
        configs: paths or configs.
        size: height and width; by default those of each config's test set.
        versions: names in ``VERSIONS`` or ``ON_REQUEST``.

    Raises:
        ValueError: there is no such version, or the size does not fit.
    """
    check_versions(versions, (*VERSIONS, *ON_REQUEST))
    loaded = [load_config(config) for config in configs]
    sizes = [size or layout_size(Inferencer(config, None, 'cpu')) for config in loaded]
    return [[Version({'config': Path(config.filename or 'config').stem, 'size': f'{height}x{width}',
                      'version': version}, partial(_step, config, (height, width), version, device), 'image')
             for version in versions] for config, (height, width) in zip(loaded, sizes, strict=True)]


def _step(config: Config, size: tuple[int, int], version: str, device: str) -> Step:
    torch.manual_seed(0)
    model = build_for_inference(config, None)
    if version != 'plain':
        bake(model.generator)
        model.generator.head.drop_extras()
    last = 'channels_last' in version
    generator = model.generator.to(device, memory_format=torch.channels_last if last else torch.contiguous_format)
    if 'fused_norms' in version:
        fuse_norms(generator)
    if version == COMPILED:
        generator.compile(mode='reduce-overhead')
    layout = draw_layout(model, size).to(device)
    autocast = partial(torch.autocast, torch.device(device).type, torch.bfloat16, version.startswith('bfloat16'))

    @torch.no_grad()
    def step() -> list[Tensor]:
        with autocast():
            return [generator(replace(layout))['image']]  # a new layout: one-hot and boundary map count too

    return step
