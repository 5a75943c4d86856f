"""Layouts for trying a model where no data are at hand."""

from __future__ import annotations

from typing import cast

import torch

from semsynth.apis.inferencer import Inferencer
from semsynth.data.transforms import ResizeScene
from semsynth.layout import Layout
from semsynth.models import Synthesizer

BLOCK = 8


def layout_size(inferencer: Inferencer) -> tuple[int, int]:
    """Height and width of the layouts that the test set gives the generator: resized, and padded to its divisor.

    Raises:
        ValueError: they have no one size.
    """
    scales = [cast(tuple[int, int], part.scale) for part in inferencer.reader.transforms
              if isinstance(part, ResizeScene) and not part.keep_ratio and None not in part.scale]
    if not scales:
        raise ValueError(f'{inferencer.config.filename} does not resize its test set to one size: name a size, with '
                         '--size HEIGHT WIDTH.')
    divisor = inferencer.model.data_preprocessor.size_divisor
    width, height = (-(-side // divisor) * divisor for side in scales[-1])
    return height, width


def draw_layout(model: Synthesizer, size: tuple[int, int]) -> Layout:
    """One layout of random blocks, always the same, with all that the generator reads, on the CPU.

    Args:
        model: whose generator is to read it.
        size: height and width.
    """
    draw, preprocessor = torch.Generator().manual_seed(0), model.data_preprocessor
    if preprocessor.raw_channels:
        layout = Layout(raw=torch.rand(1, preprocessor.raw_channels, *size, generator=draw) * 2 - 1)
    else:
        blocks = torch.randint(preprocessor.num_classes, (1, *(side // BLOCK + 1 for side in size)), generator=draw)
        label = blocks.repeat_interleave(BLOCK, 1).repeat_interleave(BLOCK, 2)[:, :size[0], :size[1]]
        layout = Layout(label, preprocessor.num_classes, preprocessor.unknown,
                        label if preprocessor.instances else None)
    if model.style_channels:
        layout = layout.styled(torch.rand(1, model.style_channels, *size, generator=draw) * 2 - 1)
    if model.latent_dim:
        layout = layout.with_latent(torch.randn(1, model.latent_dim, generator=draw))
    return layout
