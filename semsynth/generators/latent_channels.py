"""A latent beside the layout at every pixel and size, as OASIS reads its "3D noise" (Sushko et al. 2021, 3.3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.autocast import narrowed, without_autocast
from semsynth.layout import Layout


def with_latent_channels(layout: Layout, latent_dim: int, reader: str) -> Callable[[tuple[int, int]], Tensor]:
    """What layers read at each size, ``(B, latent_dim + C, *size)``: the latent's channels, then the layout's.

    Args:
        layout: its latent is one code for the whole image, ``(B, latent_dim)``, or a map of codes at the layout's size,
            ``(B, latent_dim, H, W)``. Where it has none, one code for each image is drawn from N(0, I).
        latent_dim: length Z of the latent.
        reader: the generator's name, for the message.

    Raises:
        ValueError: the latent has another shape.
    """
    latent = layout.latent
    if latent is None:
        latent = torch.randn(len(layout), latent_dim, device=layout.device)
    if tuple(latent.shape[1:]) not in ((latent_dim,), (latent_dim, *layout.size)):
        raise ValueError(f'{reader}: a latent of shape {tuple(latent.shape)} does not fit; it should be '
                         f'(B, {latent_dim}), or a map (B, {latent_dim}, H, W) of the layout\'s size '
                         f'{layout.size[0]}x{layout.size[1]}.')
    codes, layout = narrowed(latent[:, :, None, None] if latent.ndim == 2 else latent), layout.narrowed()

    def read(size: tuple[int, int]) -> Tensor:
        with without_autocast(codes.device):  # a GPU's would give float32
            return torch.cat([F.interpolate(codes, size, mode='nearest'), layout.resize(size)], dim=1)

    return read
