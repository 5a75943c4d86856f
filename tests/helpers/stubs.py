"""The smallest parts that a Synthesizer can be made of."""

import torch
from mmengine.model import BaseDataPreprocessor
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from semsynth.discriminators.base import Discriminator
from semsynth.generators.base import Generator
from semsynth.heads.base import Head, View
from semsynth.layout import Layout
from semsynth.losses.base import Loss
from semsynth.registry import DISCRIMINATORS, GENERATORS, HEADS, LOSSES, MODELS, SEGMENTORS
from semsynth.segmentors.base import Segmentor

CLASSES = 3


def register(registry):
    return registry.register_module(force=True)


@register(MODELS)
class StubPreprocessor(BaseDataPreprocessor):
    channels = num_classes = CLASSES
    unknown, instances = None, False

    def forward(self, data, training=False):
        return data

    def unbatch(self, layout, outputs, real, samples):
        return [dict(name=sample['name']) for sample in samples]


@register(GENERATORS)
class StubGenerator(Generator):
    def __init__(self, in_channels, head):
        super().__init__(in_channels, feature_channels=4, size_divisor=1, head=head)
        self.layer = nn.Conv2d(in_channels, 4, 1)
        self.calls = 0

    def features(self, layout):
        self.calls += 1
        return self.layer(layout.condition)


@register(HEADS)
class StubHead(Head):
    def __init__(self, in_channels, extra=False):
        outputs, views = ('coarse', 'image'), dict(coarse=View(), image=View(weight=2))
        if extra:
            outputs += ('embedding',)
        super().__init__(in_channels, outputs, views, must_be_read=('image', 'embedding') if extra else ('image',))
        self.coarse, self.fine = nn.Conv2d(in_channels, 3, 1), nn.Conv2d(3, 3, 1)
        self.embed = nn.Conv2d(in_channels, 2, 1) if extra else None

    def forward(self, features, layout):
        coarse = self.coarse(features)
        outputs = dict(coarse=coarse, image=self.fine(coarse))
        return outputs | (dict(embedding=self.embed(features)) if self.embed else {})


@register(DISCRIMINATORS)
class StubDiscriminator(Discriminator):
    def __init__(self, in_channels, returns_features=True):
        super().__init__()
        self.returns_features = returns_features
        self.first, self.last = nn.Conv2d(in_channels, 4, 1), nn.Conv2d(4, 1, 1)
        self.judged = []

    def judge(self, layout, image):
        self.judged.append(len(image))
        feature = self.first(torch.cat([layout.unstyled, image], 1))
        return [[feature, self.last(feature)]]


@register(SEGMENTORS)
class StubSegmentor(Segmentor):
    calls = 0

    def __init__(self):
        super().__init__(nn.Identity(), CLASSES)

    def segment(self, images):
        self.calls += 1
        return images.softmax(1), [images[:, :1]]

    def to_classes(self, label):
        return label

    def check_layout(self, num_classes, unknown):
        if num_classes != CLASSES:
            raise ValueError('segmentor: it does not fit')


@register(LOSSES)
class StubAdversarial(Loss):
    reads = frozenset({'verdicts'})
    trains = frozenset({'generator', 'discriminator'})

    def for_generator(self, step):
        return sum(weight * -step.fake_verdicts[view][0][-1].mean() for view, _, weight in self.over_views(step))

    def for_discriminator(self, step):
        return sum(weight * (step.fake_verdicts[view][0][-1].mean() - step.real_verdicts[real][0][-1].mean())
                   for view, real, weight in self.over_views(step))


@register(LOSSES)
class StubMatching(Loss):
    reads = frozenset({'features'})

    def for_generator(self, step):
        return sum(weight * (step.fake_verdicts[view][0][0] - step.real_features[real][0][0]).abs().mean()
                   for view, real, weight in self.over_views(step))


@register(LOSSES)
class StubPixel(Loss):
    def for_generator(self, step):
        return sum(weight * (step.outputs[view] - step.real[real]).abs().mean()
                   for view, real, weight in self.over_views(step))


@register(LOSSES)
class StubLabels(Loss):
    reads = frozenset({'probabilities', 'label_map'})

    def for_generator(self, step):
        return sum(-step.probabilities[view].gather(1, step.target[:, None]).log().mean()
                   for view, _, _ in self.over_views(step))


@register(LOSSES)
class StubContrast(Loss):
    reads = frozenset({'embedding'})

    def for_generator(self, step):
        return step.outputs['embedding'].square().mean()


def config(**changes):
    model = dict(data_preprocessor=dict(type='StubPreprocessor'),
                 generator=dict(type='StubGenerator', head=dict(type='StubHead')),
                 discriminator=dict(type='StubDiscriminator'),
                 losses=dict(adversarial=dict(type='StubAdversarial'),
                             matching=dict(type='StubMatching', weight=10)))
    return dict(model, type='Synthesizer', **changes) if not changes else dict({**model, **changes}, type='Synthesizer')


def batch(size=(4, 5)):
    return dict(layout=Layout(label=torch.randint(0, CLASSES, (2, *size)), num_classes=CLASSES),
                real=dict(image=torch.rand(2, 3, *size) * 2 - 1), samples=[dict(name='a'), dict(name='b')])


def players(model, optimiser=torch.optim.SGD, **kw):
    kw = kw or dict(lr=0.1)
    return OptimWrapperDict(generator=OptimWrapper(optimiser(model.generator.parameters(), **kw)),
                            discriminator=OptimWrapper(optimiser(model.discriminator.parameters(), **kw)))
