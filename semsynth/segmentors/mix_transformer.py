"""SegFormer (Xie et al. 2021) as mmseg has it, with fewer operations."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.models.backbones.mit import EfficientMultiheadAttention, MixFFN
from mmseg.models.decode_heads import SegformerHead
from mmseg.models.utils import nlc_to_nchw
from torch import Tensor, nn

from semsynth.autocast import without_autocast


def shorten_segformer(network: nn.Module) -> nn.Module:
    """Have SegFormer's blocks and head compute the same without copies, in evaluation. In place.

    mmseg lays maps and the results of attention in order for each layer, and keys and values for each head. The layers
    need no such order. Under a GPU's autocast its head resizes maps in float32, this one in their own precision.
    Weights, their names and results stay; dropout is left out.
    """
    for layer in network.modules():
        if type(layer) is EfficientMultiheadAttention:
            layer.__class__ = _Attention
        elif type(layer) is MixFFN:
            layer.__class__ = _FeedForward
        elif type(layer) is SegformerHead:
            layer.__class__ = _Head
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


class _Head(SegformerHead):

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """The backbone's maps to logits at the size of the first, ``(B, classes, H, W)``."""
        maps = [convolution(each) for convolution, each in
                zip(self.convs, self._transform_inputs(inputs), strict=True)]
        size = maps[0].shape[2:]
        with without_autocast(maps[0].device):
            maps = [maps[0], *(F.interpolate(each, size, mode=self.interpolate_mode, align_corners=self.align_corners)
                               for each in maps[1:])]
        return self.cls_seg(self.fusion_conv(torch.cat(maps, dim=1)))


def _as_tokens(maps: Tensor) -> Tensor:
    """A view of ``(B, C, H, W)`` as ``(B, H W, C)``."""
    return maps.flatten(2).transpose(1, 2)
