"""SegFormer's backbone (Xie et al. 2021) as mmseg has it, with fewer operations in each block."""

from __future__ import annotations

import torch.nn.functional as F
from mmseg.models.backbones.mit import EfficientMultiheadAttention, MixFFN
from mmseg.models.utils import nlc_to_nchw
from torch import Tensor, nn


def shorten_blocks(network: nn.Module) -> nn.Module:
    """Have the blocks of SegFormer's backbone compute the same without copies, in evaluation. In place.

    mmseg lays maps and the results of attention in order for each layer, and keys and values for each head. The layers
    need no such order. Weights, their names and results stay; dropout is left out.
    """
    for layer in network.modules():
        if type(layer) is EfficientMultiheadAttention:
            layer.__class__ = _Attention
        elif type(layer) is MixFFN:
            layer.__class__ = _FeedForward
    return network


class _Attention(EfficientMultiheadAttention):

    def forward(self, x: Tensor, hw_shape: tuple[int, int], identity: Tensor | None = None) -> Tensor:
        """``(B, L, C)`` to the same, plus ``identity``, by default the input."""
        images, length, channels = x.shape
        reduced = self.norm(_as_tokens(self.sr(nlc_to_nchw(x, hw_shape)))) if self.sr_ratio > 1 else x
        weight, bias = self.attn.in_proj_weight, self.attn.in_proj_bias
        of_query, of_others = (None, None) if bias is None else (bias[:channels], bias[channels:])
        query = F.linear(x, weight[:channels], of_query).view(images, length, self.num_heads, -1)
        others = F.linear(reduced, weight[channels:], of_others).view(images, reduced.shape[1], 2, self.num_heads, -1)
        query, key, value = (each.transpose(1, 2) for each in (query, *others.unbind(2)))
        found = F.scaled_dot_product_attention(query, key, value)
        found = self.attn.out_proj(found.transpose(1, 2).reshape(x.shape))
        return (x if identity is None else identity) + found


class _FeedForward(MixFFN):

    def forward(self, x: Tensor, hw_shape: tuple[int, int], identity: Tensor | None = None) -> Tensor:
        """``(B, L, C)`` to the same, plus ``identity``, by default the input."""
        return (x if identity is None else identity) + _as_tokens(self.layers(nlc_to_nchw(x, hw_shape)))


def _as_tokens(maps: Tensor) -> Tensor:
    """A view of ``(B, C, H, W)`` as ``(B, H W, C)``."""
    return maps.flatten(2).transpose(1, 2)
