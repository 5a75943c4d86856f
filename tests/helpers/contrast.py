"""ContrastiveLoss as tests want it."""

from semsynth.losses import ContrastiveLoss, PixelMemory

EVERY_PIXEL = dict(max_per_class=None, max_pixels=None)


def with_memory(num_classes=3, channels=6, settings=None, **options):
    """The loss, as a model has it."""
    loss = ContrastiveLoss(**(settings or {}))
    loss.memory = PixelMemory(num_classes, channels, **options)
    return loss
