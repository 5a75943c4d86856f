"""SPADEGenerator: layers modulated by the layout at every size (Park et al. 2019), ECGAN's encoder E."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from semsynth.errors import check_option
from semsynth.generators.growing import GrowingGenerator
from semsynth.generators.modulation import Read, build_modulation
from semsynth.layers.init import init_xavier
from semsynth.layers.spade import SPADEBlock
from semsynth.layers.spectral import spectral_norm
from semsynth.layout import Layout
from semsynth.registry import GENERATORS


@GENERATORS.register_module()
class SPADEGenerator(GrowingGenerator):
    """SPADE's generator (Park et al. 2019, appendix A), which is ECGAN's encoder E: upsampling SPADE blocks.

    The norms of its blocks are SPADE's, or those of a method that changed only them: CLADE's or INADE's. These read
    tables of classes instead of convolutions of the layout, so that there are fewer weights and far fewer operations.
    With INADE's each object has noise of its own, which belongs to the latent: after the ``latent_dim`` numbers that
    the small map is made from come ``2 * noise_channels`` for each of ``max_objects`` objects.

    The features are those before the last activation, with which heads begin.

    Args:
        in_channels: channels of the condition that it reads.
        base_channels: width of the last block, also ``feature_channels`` (half of it with ``'most'``).
        norm: ``'batch'`` (synchronised across ranks when the engine converts it) or ``'instance'``.
        spectral: ``'spade'``: spectral norm on the blocks' convolutions, as SPADE's code; ``'all'``: on every layer,
            the head's included (ECGAN, appendix B).
        num_upsamples: ``'normal'``, ``'more'`` or ``'most'``: the size grows by 2**5, 2**6 or 2**7.
        hidden_channels: width inside the SPADE norms.
        latent_dim: length Z of the latent; None: no latent is read.
        image_size: height and width of the layouts; needed with ``latent_as='map'``, as that map has a fixed size.
        head: config of the head; by default SPADE's own, leaky ReLU, 3x3 convolution and tanh.
        init_gain: of the Xavier initialisation (``init_xavier`` says what it decides).
        latent_as: ``'map'``: the small map is made from the latent (SPADE); ``'channels'``: it and all blocks read the
            latent's channels before the condition's (OASIS), which tells more of it to the image.
        max_channels: no block is wider; by default the first ones have 16 times ``base_channels``, as in SPADE.
        upsampling: between the blocks: ``'nearest'``, as in SPADE, or ``'bilinear'``, which after short trainings keeps
            vertical and horizontal lines out of regions of one class.
        modulation: how norms read the layout: ``'spade'``; ``'clade'``; ``'clade_icpe'``, CLADE with each pixel's
            position in its connected component; ``'inade'``.
        num_classes: classes of the layouts, for all modulations but SPADE's.
        instances: whether layouts have a boundary map, which CLADE's norms then pass on to the next convolution.
        noise_channels: with ``'inade'``, length of each of an object's two vectors of noise.
        max_objects: with ``'inade'``, rows of noise: an image's objects, or, without instances, its classes. Where
            there are more objects, some share one.
        checkpoint_activations: whether the backward pass computes each block anew instead of keeping its activations:
            much less memory, for about one more forward pass of the generator.

    Raises:
        ValueError: unknown ``norm``, ``spectral``, ``num_upsamples``, ``latent_as``, ``upsampling`` or ``modulation``;
            ``num_classes`` absent; ``image_size`` absent, no multiple of the ``size_divisor``, or, in forward, not the
            layout's; in forward, layouts without label maps, or a latent of another length.
    """

    filled_in = ('in_channels', 'num_classes', 'instances')

    def __init__(self, in_channels: int, base_channels: int = 64, norm: str = 'batch', spectral: str = 'spade',
                 num_upsamples: str = 'normal', hidden_channels: int = 128, latent_dim: int | None = None,
                 image_size: tuple[int, int] | None = None, head: dict | None = None, init_gain: float = 0.02,
                 latent_as: str = 'map', max_channels: int | None = None, upsampling: str = 'nearest',
                 modulation: str = 'spade', num_classes: int | None = None, instances: bool = False,
                 noise_channels: int = 64, max_objects: int = 127, checkpoint_activations: bool = False):
        check_option(type(self).__name__, 'spectral', spectral, ('spade', 'all'))
        super().__init__(in_channels, base_channels, num_upsamples, latent_dim, image_size, head, latent_as,
                         max_channels, upsampling, checkpoint_activations)
        self.modulation = build_modulation(modulation, type(self).__name__, norm, self.latent_channels + in_channels,
                                           hidden_channels, num_classes, instances, noise_channels, max_objects)
        self.latent_dim = self.code_dim + self.modulation.latent_dim or None
        self.reads_objects = self.modulation.reads_objects
        blocks = [SPADEBlock(before, after, self.modulation.make_norm) for before, after in pairwise(self.widths)]
        self.blocks = nn.ModuleList(blocks)
        init_xavier(self, init_gain)
        if spectral == 'all':
            spectral_norm(self)
        else:
            for block in blocks:
                block.normalise_convolutions()

    def conditions(self, layout: Layout) -> Read:
        """What the norms of its modulation read, by size."""
        if self.modulation.reads_condition:
            return super().conditions(layout)
        self.modulation.check(layout, self.latent_dim, type(self).__name__)
        return self.modulation.read(layout)
