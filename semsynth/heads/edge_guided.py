"""EdgeGuidedHead: the branches and modules that ECGAN puts on its shared features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from semsynth.errors import check_option
from semsynth.heads.base import Head, View
from semsynth.heads.ecgan_parts import Branch, ClassSpecificPixels, SemanticPreserving, attend
from semsynth.layout import Layout
from semsynth.registry import HEADS

if TYPE_CHECKING:
    from semsynth.parts import Parts


@HEADS.register_module()
class EdgeGuidedHead(Head):
    """ECGAN's head (3.1 to 3.3): image branch Gi and, each of which can be switched off, edge branch Ge, edge transfer
    Gt, semantic preserving module Gs, class-specific pixel generation and an embedding for the contrastive loss.

    Outputs, all float32: ``'edge'`` of Ge, ``(B, 3, H, W)``; ``'coarse'``, the image branch's I' where Gs refines it;
    ``'image'``, the result; ``'class_specific'``, the sum of eq. 7; ``'embedding'``, ``(B, D, H, W)``, not normalised.
    Images are in ``[-1, 1]``, except I' with transfer: eq. 1 scales it by up to 1.73.

    The paper does not say, and here: the convolutions of Ge and Gi and the last two of Gs have a leaky ReLU of slope
    0.2 before them (attention reads the levels before the ReLU, and so takes values from 0 to 1); the embedding is a
    1x1 convolution, ReLU and a 1x1 convolution on F; the generator initialises the head and applies spectral norm to it
    (``SPADEGenerator(spectral='all')``).

    Args:
        in_channels: channels C of the features; filled in by the generator.
        num_classes: one-hot channels N of the layouts; filled in by the model.
        num_layers: convolutions n of Ge and of Gi before the one that makes three channels.
        edges: the edge branch Ge.
        transfer: attention guided edge transfer Gt, at each of the n levels and on the images (eq. 1).
        semantic: semantic preserving module Gs (eq. 2).
        class_specific: class-specific pixel generation (eq. 7).
        embedding_channels: channels D of the embedding that a contrastive loss reads; None for no embedding.
        final: which image is the result. ``'image'``: I'' of Gs (I' without Gs). ``'class_specific'``: the sum of
            eq. 7, a view of weight 1; I'' is then the output ``'refined'`` (I' without Gs ``'coarse'``), a view as
            before.

    Raises:
        ValueError: ``transfer`` without ``edges``; unknown ``final``, or one whose part is switched off; in forward, a
            layout without the label map or with other classes than ``semantic`` and ``class_specific`` read.
    """

    filled_in = ('num_classes',)

    def __init__(self, in_channels: int, num_classes: int, num_layers: int = 3, edges: bool = True,
                 transfer: bool = True, semantic: bool = True, class_specific: bool = True,
                 embedding_channels: int | None = 64, final: str = 'image'):
        if transfer and not edges:
            raise ValueError('EdgeGuidedHead: transfer=True reads the edge branch; set edges=True or transfer=False.')
        check_option('EdgeGuidedHead', 'final', final, ('image', 'class_specific'))
        if final == 'class_specific' and not class_specific:
            raise ValueError("EdgeGuidedHead: final='class_specific' needs class_specific=True.")
        last = 'image' if final == 'image' else 'refined' if semantic else 'coarse'
        views = dict(edge=View('edge')) if edges else {}
        if semantic:
            views['coarse'] = View()
        views[last] = View(weight=2.0 if semantic else 1.0)
        if final == 'class_specific':
            views['image'] = View()
        extras = dict(class_specific=class_specific, embedding=embedding_channels is not None)
        outputs = (*views, *(name for name, made in extras.items() if made))
        must_be_read = [last]
        if edges and not transfer and not semantic:  # else the image reads the edge branch too
            must_be_read.append('edge')
        if class_specific:
            must_be_read.append('image' if final == 'class_specific' else 'class_specific')
        if embedding_channels is not None:
            must_be_read.append('embedding')
        super().__init__(in_channels, outputs, views, tuple(must_be_read))

        self.num_classes, self.transfer, self.final, self._last = num_classes, transfer, final, last
        self.embedding_channels = embedding_channels
        self.reads_label_map = semantic or class_specific
        self.edge_branch = Branch(in_channels, num_layers) if edges else None
        self.image_branch = Branch(in_channels, num_layers)
        self.semantic = SemanticPreserving(in_channels + num_classes + 3 + 3 * edges, num_classes) if semantic else None
        self.class_specific = ClassSpecificPixels(in_channels, num_classes) if class_specific else None
        self.embedding = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 1), nn.ReLU(),
            nn.Conv2d(in_channels, embedding_channels, 1)) if embedding_channels is not None else None

    @property
    def captions(self) -> dict[str, str]:
        """Its images of the scene by the paper's symbols: I', I'' and the image of eq. 7."""
        captions = dict(coarse="I'") if self.semantic is not None else {}
        captions[self._last] = "I'" if self.semantic is None else "I''"
        if self.final == 'class_specific':
            captions['image'] = 'the image of eq. 7'
        elif self.class_specific is not None:
            captions['class_specific'] = 'class-specific image (eq. 7)'
        return captions

    @property
    def switched_off(self) -> list[str]:
        """What the parts that are off would compute."""
        absent = [] if self.edge_branch is not None else ['the edge map (this model has no edge branch)']
        if not self.transfer:
            absent.append('attention maps and what edge guidance changed (it has no edge transfer)')
        return absent if self.semantic is not None else [*absent, 'class channels (it has no branch of classes)']

    def forward(self, features: Tensor, layout: Layout) -> dict[str, Tensor]:
        """Features F ``(B, C, H, W)`` and their layout to the outputs named above."""
        self.check_layout(layout)
        edge, _, _, image = self._run_branches(features)
        outputs = {} if edge is None else dict(edge=edge)
        if self.semantic is not None:
            outputs['coarse'] = image
            image = self.semantic(features, *outputs.values(), layout.one_hot)
        outputs[self._last] = image
        if self.class_specific is not None:
            outputs['class_specific'] = self.class_specific(features, layout)
        if self.final == 'class_specific':
            outputs['image'] = outputs['class_specific']
        if self.embedding is not None:
            outputs['embedding'] = self.embedding(features).float()
        return outputs

    def inner_values(self, features: Tensor, layout: Layout) -> dict[str, Tensor | list[Tensor]]:
        """What eqs. 1 and 2 compute of features F ``(B, C, H, W)``, as far as the parts are switched on."""
        edge, levels, before, after = self._run_branches(features)
        values: dict[str, Tensor | list[Tensor]] = {} if edge is None else dict(edge=edge)
        if self.transfer and edge is not None:
            values |= dict(attention=torch.sigmoid(edge), levels=[torch.sigmoid(level) for level in levels],
                           before=before, after=after)
        if self.semantic is not None:
            maps = [each for each in (edge, after) if each is not None]
            values['classes'] = self.semantic.class_channels(features, *maps, layout.one_hot)
        return values

    def drop_extras(self) -> None:
        """Drop the embedding, and the class-specific image unless it is the result."""
        self.embedding = None
        if self.final != 'class_specific':
            self.class_specific = None
        self.outputs = tuple(self.views)

    def fix_shapes(self) -> None:
        """Run each class's convolutions over the whole image, as eq. 7 is printed."""
        if self.class_specific is not None:
            self.class_specific.fixed_shapes = True

    def check(self, parts: Parts) -> None:
        """Raise ValueError where the layouts have other classes than the label maps that it reads, or no label map."""
        if self.reads_label_map and not parts.num_classes:
            raise ValueError('generator.head: EdgeGuidedHead reads label maps, but num_classes=0: switch off what '
                             'reads them (semantic=False and class_specific=False).')
        super().check(parts)

    def _run_branches(self, features: Tensor) -> tuple[Tensor | None, list[Tensor], Tensor, Tensor]:
        """The edge map (None without the edge branch) and its levels, and the image before and after eq. 1."""
        edge, levels = self.edge_branch(features) if self.edge_branch is not None else (None, [])
        before, _ = self.image_branch(features, levels if self.transfer else None)
        return edge, levels, before, attend(before, edge) if self.transfer else before
