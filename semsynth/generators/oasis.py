"""OASISGenerator: SPADE blocks that read a latent beside the layout at every pixel (Sushko et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn

from semsynth.generators.base import Generator
from semsynth.generators.latent_channels import with_latent_channels
from semsynth.generators.modulation import Read, build_modulation
from semsynth.layers.checkpointed import run_anew
from semsynth.layers.init import init_xavier
from semsynth.layers.residual import upsample
from semsynth.layers.spade import SPADEBlock
from semsynth.layout import Layout
from semsynth.registry import GENERATORS

WIDTHS = (16, 16, 16, 8, 4, 2, 1)


@GENERATORS.register_module()
class OASISGenerator(Generator):
    """OASIS's generator (Sushko et al. 2021, 3.3): six SPADE blocks, each twice the size of the one before.

    The first convolution, at 1/32 of the size, and every SPADE norm read the layout together with a latent, the "3D
    noise", whose channels come before the layout's. ``layout.latent`` is one code for the whole image,
    ``(B, latent_dim)``, or a map of codes at the layout's size, ``(B, latent_dim, H, W)``, with which the look of
    single regions can be changed. Where the layout has none, one code for each image is drawn from N(0, I).

    The features are those before the last activation, with which heads begin.

    Args:
        in_channels: channels of the condition that it reads, the latent's not counted.
        base_channels: width of the last block, also ``feature_channels``.
        latent_dim: channels Z of the latent; None: the layout alone is read, and each layout has one image.
        norm: ``'batch'`` (synchronised across ranks when the engine converts it) or ``'instance'``.
        hidden_channels: width inside the SPADE norms.
        head: config of the head; by default OASIS's own, leaky ReLU, 3x3 convolution and tanh.
        modulation: how norms read the layout, as of ``SPADEGenerator``: ``'spade'``, ``'clade'`` or ``'clade_icpe'``.
            With CLADE's tables the first convolution alone reads the latent.
        num_classes: classes of the layouts, for CLADE.
        instances: whether layouts have a boundary map, which CLADE's norms then pass on.
        checkpoint_activations: as of ``SPADEGenerator``.

    Raises:
        ValueError: unknown ``norm`` or ``modulation``, or ``num_classes`` absent; in forward, a latent of another
            shape, or a layout without label map.
    """

    filled_in = ('in_channels', 'num_classes', 'instances')

    def __init__(self, in_channels: int, base_channels: int = 64, latent_dim: int | None = 64, norm: str = 'batch',
                 hidden_channels: int = 128, head: dict | None = None, modulation: str = 'spade',
                 num_classes: int | None = None, instances: bool = False, checkpoint_activations: bool = False):
        if modulation == 'inade':
            raise ValueError("OASISGenerator: modulation='inade' has noise of its own, as OASIS has: use "
                             'SPADEGenerator.')
        widths = [base_channels * width for width in WIDTHS]
        super().__init__(in_channels, base_channels, 2**(len(widths) - 2),
                         head or dict(type='RGBHead', kernel_size=3, padding_mode='zeros'))
        self.latent_dim, self.checkpoint_activations = latent_dim, checkpoint_activations
        channels = in_channels + (latent_dim or 0)
        self.modulation = build_modulation(modulation, 'OASISGenerator', norm, channels, hidden_channels, num_classes,
                                           instances)
        self.reads_objects = self.modulation.reads_objects
        self.seed = nn.Conv2d(channels, widths[0], 3, padding=1)
        blocks = [SPADEBlock(before, after, self.modulation.make_norm) for before, after in pairwise(widths)]
        self.blocks = nn.ModuleList(blocks)
        init_xavier(self)
        for block in blocks:
            block.normalise_convolutions()

    def features(self, layout: Layout) -> Tensor:
        """Features before the last activation, ``(B, feature_channels, H, W)``."""
        condition: Read = self._conditions(layout)
        height, width = (side // self.size_divisor for side in layout.size)
        x = self.seed(condition((height, width)))
        if not self.modulation.reads_condition:
            self.modulation.check(layout, self.latent_dim, type(self).__name__)
            condition = self.modulation.read(layout)
        for doublings, block in enumerate(self.blocks):
            if doublings:
                x = upsample(x)
            read = condition((height * 2**doublings, width * 2**doublings))
            x = run_anew(block, x, read) if self.checkpoint_activations else block(x, read)
        return x

    def _conditions(self, layout: Layout) -> Callable[[tuple[int, int]], Tensor]:
        """What the first convolution and the blocks read, ``(B, C, *size)``, by size."""
        if not self.latent_dim:
            return layout.narrowed().resize
        return with_latent_channels(layout, self.latent_dim, type(self).__name__)
