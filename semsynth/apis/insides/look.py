"""What a head computes on the way to an image, taken by hooks: training knows nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.heads.base import Head
from semsynth.heads.ecgan_parts import SemanticPreserving, attend, reweight


@dataclass
class Insides:
    """Inside values of one image, float32 on the CPU, at the layout's size; None for what the head does not compute.

    Args:
        edge: edge map I_e', ``(3, H, W)`` in ``[-1, 1]``.
        attention: ``sigmoid(I_e')``, ``(3, H, W)``.
        levels: ``sigmoid(F_e^j)`` of the n levels, each ``(C, H, W)``.
        before: I_i', the image branch's image before eq. 1, ``(3, H, W)`` in ``[-1, 1]``.
        after: I' after eq. 1, ``(3, H, W)`` in ``[-1.73, 1.73]``.
        classes: F_c' of eq. 2, a channel a class, ``(N, H, W)``.
    """

    edge: Tensor | None = None
    attention: Tensor | None = None
    levels: list[Tensor] = field(default_factory=list)
    before: Tensor | None = None
    after: Tensor | None = None
    classes: Tensor | None = None


def look_inside(inferencer: Inferencer, layout: LayoutFile, seed: int = 0) -> tuple[dict, Insides]:
    """Synthesise a layout and keep what its head computes on the way.

    Args:
        inferencer: whose head is looked into; other heads than ``EdgeGuidedHead`` have no insides.
        layout: as of :meth:`Inferencer.find`.
        seed: of styles and latents.

    Returns:
        The result, as of :meth:`Inferencer.sample`, and the insides.
    """
    head = inferencer.model.generator.head
    with _overhearing(head) as heard:
        [result] = inferencer.sample(layout, seed=seed)
    height, width = result['outputs']['image'].shape[-2:]
    crop = lambda maps: maps[0, :, :height, :width].float().cpu()
    insides = Insides()
    if 'edge' in heard:
        edge, features = heard['edge']
        insides.edge = crop(edge)
        if head.transfer:
            before, _ = heard['image']
            insides.attention = crop(torch.sigmoid(edge))
            insides.levels = [crop(torch.sigmoid(level)) for level in features]
            insides.before, insides.after = crop(before), crop(attend(before, edge))
    if 'classes' in heard:
        insides.classes = crop(reweight(heard['classes']))
    return result, insides


def find_semantic(head: Head) -> SemanticPreserving | None:
    """The head's semantic preserving module, where it has one."""
    return next((part for part in head.modules() if isinstance(part, SemanticPreserving)), None)


@contextmanager
def _overhearing(head: Head) -> Iterator[dict[str, Any]]:
    """What the last forward pass within it gave, by part."""
    semantic, heard = find_semantic(head), {}
    parts = dict(edge=getattr(head, 'edge_branch', None), image=getattr(head, 'image_branch', None),
                 classes=semantic and semantic.to_classes)
    keep = lambda name, part, inputs, output: heard.update({name: output})
    listeners = [part.register_forward_hook(partial(keep, name)) for name, part in parts.items() if part is not None]
    try:
        yield heard
    finally:
        for listener in listeners:
            listener.remove()
