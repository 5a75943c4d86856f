"""Models whose discriminator sees augmented images."""

import torch

from helpers.stubs import config
from semsynth.discriminators import Discriminator
from semsynth.registry import DISCRIMINATORS, MODELS

STUB = dict(type='StubDiscriminator')
SIZE = (12, 16)


@DISCRIMINATORS.register_module(force=True)
class Recorder(Discriminator):
    """Keeps what it was given; its logits are the pictures themselves."""

    filled_in = ('in_channels', 'num_classes')
    returns_class_logits = True

    def __init__(self, in_channels, num_classes=3):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.seen = []

    def judge(self, layout, image):
        self.seen.append((layout, image.detach()))
        return [[torch.cat([image * self.weight, layout.unstyled], 1)]]


def build(kind='AugmentedDiscriminator', discriminator=STUB, **arguments):
    return MODELS.build(config(discriminator=dict(type=kind, discriminator=discriminator, **arguments)))
