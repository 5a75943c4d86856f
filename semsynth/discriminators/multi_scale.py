"""MultiScaleDiscriminator: PatchGANs on a pyramid (pix2pixHD, 3.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.autocast import narrowed
from semsynth.discriminators.base import Discriminator, Verdict
from semsynth.errors import check_option
from semsynth.layers.init import init_normal, init_xavier
from semsynth.layers.norm import BatchNorm, InstanceNorm
from semsynth.layers.spectral import spectral_norm
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS

LARGEST_WIDTH = 512


class PatchDiscriminator(nn.Module):
    """One scale: convolutions with stride 2, one with stride 1, and one with stride 1 to logits (70x70 PatchGAN).

    Kernels are 4x4 with padding 2, activations leaky ReLU 0.2. The first convolution has no norm.

    Args:
        in_channels: channels of layout and image together.
        base_channels: width of the first layer; it doubles per layer up to 512.
        num_layers: convolutions with stride 2.
        norm, spectral, init_gain: as of ``MultiScaleDiscriminator``.
    """

    def __init__(self, in_channels: int, base_channels: int, num_layers: int, norm: str, spectral: str,
                 init_gain: float):
        super().__init__()
        widths = [base_channels, *(min(base_channels * 2**level, LARGEST_WIDTH) for level in range(1, num_layers + 1))]
        activation = nn.LeakyReLU(0.2, inplace=True)
        self.layers = nn.ModuleList([nn.Sequential(nn.Conv2d(in_channels, widths[0], 4, 2, 2), activation)])
        for level in range(1, num_layers + 1):
            convolution = nn.Conv2d(widths[level - 1], widths[level], 4, 2 if level < num_layers else 1, 2,
                                    bias=norm != 'spectral_instance')
            normalise = BatchNorm(widths[level]) if norm == 'batch' else InstanceNorm(widths[level])
            self.layers.append(nn.Sequential(convolution, normalise, activation))
        self.layers.append(nn.Conv2d(widths[-1], 1, 4, 1, 2))

        if norm == 'spectral_instance':
            init_xavier(self, init_gain)
            spectral_norm(self.layers if spectral == 'all' else self.layers[1:-1])
        else:
            init_normal(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        """``(B, in_channels, H, W)`` to the feature map of every layer, logits ``(B, 1, h, w)`` last."""
        features = []
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        return features


@DISCRIMINATORS.register_module()
class MultiScaleDiscriminator(Discriminator):
    """Judges layout and image together by one PatchGAN per scale, each scale half the size of the one before.

    With ``num_layers=3`` the convolutions are 64, 128, 256, 512, 1 with strides 2, 2, 2, 1, 1: pix2pixHD's
    ``n_layers_D`` 3 and SPADE's 4. It judges any image, also an edge map: so it is ECGAN's multi-modality
    discriminator. Scales are named from the coarsest, so that a finer one can be added and the names stay.

    Args:
        in_channels: channels of ``layout.unstyled`` and the image together.
        base_channels: width of the first layer; it doubles per layer up to 512.
        num_layers: convolutions with stride 2.
        num_scales: number of scales.
        norm: ``'instance'`` (pix2pixHD) or ``'batch'``, both initialised from N(0, 0.02); ``'spectral_instance'``
            (SPADE, ECGAN): spectral and instance norm on all but the first and last convolution, without their biases,
            Xavier initialisation.
        spectral: where ``norm`` has spectral norm, ``'spade'`` spares the first and the last convolution, as SPADE's
            code; ``'all'`` normalises these, too (ECGAN, appendix B).
        init_gain: of the Xavier initialisation, where ``norm`` has it (``init_xavier`` says
            what it decides).

    Raises:
        ValueError: unknown ``norm`` or ``spectral``, or ``spectral='all'`` with a norm that is not spectral.
    """

    returns_features = True

    def __init__(self, in_channels: int, base_channels: int = 64, num_layers: int = 3, num_scales: int = 2,
                 norm: str = 'instance', spectral: str = 'spade', init_gain: float = 0.02):
        super().__init__()
        check_option('MultiScaleDiscriminator', 'norm', norm, ('instance', 'batch', 'spectral_instance'))
        check_option('MultiScaleDiscriminator', 'spectral', spectral, ('spade', 'all'))
        if spectral == 'all' and norm != 'spectral_instance':
            raise ValueError(f"MultiScaleDiscriminator: spectral='all' normalises no layer with norm={norm!r}; set "
                             "norm='spectral_instance' or leave spectral out.")
        self.scales = nn.ModuleList(
            PatchDiscriminator(in_channels, base_channels, num_layers, norm, spectral, init_gain)
            for _ in range(num_scales))

    def judge(self, layout: Layout, image: Tensor) -> Verdict:
        """The verdict on images ``(B, 3, H, W)`` in ``[-1, 1]`` of a layout (its style is not read).

        Returns:
            One list of feature maps per scale, finest scale first, the logits ``(B, 1, h, w)`` last in each.
        """
        x = narrowed(torch.cat([layout.unstyled, image], dim=1))
        verdict = []
        for coarser, scale in enumerate(reversed(self.scales)):
            if coarser:
                x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            verdict.append(scale(x))
        return verdict
