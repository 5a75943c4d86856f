"""What a model's head computes on the way to an image."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from torch import Tensor

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile


@dataclass
class Insides:
    """Intermediate values of one image, float32 on the CPU, at the layout's size; None where the head has none.

    Args:
        edge: edge map I_e', ``(3, H, W)`` in ``[-1, 1]``.
        attention: ``sigmoid(I_e')``, ``(3, H, W)``.
        levels: ``sigmoid(F_e^j)`` of the n levels, each ``(C, H, W)``.
        before: I_i', the image branch's image before eq. 1, ``(3, H, W)`` in ``[-1, 1]``.
        after: I' after eq. 1, ``(3, H, W)`` in ``[-1.73, 1.73]``.
        classes: F_c' of eq. 2, a channel a class, ``(N, H, W)``.
        weights: other heads' maps that weigh pixels, ``(H, W)`` each, by the head's caption (``Head.weight_captions``).
    """

    edge: Tensor | None = None
    attention: Tensor | None = None
    levels: list[Tensor] = field(default_factory=list)
    before: Tensor | None = None
    after: Tensor | None = None
    classes: Tensor | None = None
    weights: dict[str, Tensor] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value is not None and len(value) for value in vars(self).values())


def look_inside(inferencer: Inferencer, layout: LayoutFile, seed: int = 0) -> tuple[dict, Insides]:
    """Synthesise a layout and keep what its head computes on the way.

    Args:
        inferencer: its head says which values there are (``inner_values``).
        layout: as of ``Inferencer.find``.
        seed: of styles and latents.

    Returns:
        The result, as of ``Inferencer.sample``, and the intermediate values.
    """
    head, values = inferencer.model.generator.head, {}
    listener = head.register_forward_hook(lambda head, inputs, outputs: values.update(head.inner_values(*inputs)))
    try:
        [result] = inferencer.sample(layout, seed=seed)
    finally:
        listener.remove()
    height, width = result['outputs']['image'].shape[-2:]
    crop = lambda maps: maps[0, :, :height, :width].float().cpu()
    cropped: dict[str, Any] = {name: crop(value) if isinstance(value, Tensor) else [crop(each) for each in value]
               for name, value in values.items()}
    weights = {caption: cropped[name].squeeze(0) for name, caption in head.weight_captions.items()}
    shown = {each.name: cropped[each.name] for each in fields(Insides) if each.name in cropped}
    return result, Insides(**shown, weights=weights)
