import pytest
import torch

from helpers import stubs
from semsynth.engine.optim import PlayerOptimWrapperConstructor
from semsynth.models.freezing import freeze
from semsynth.registry import MODELS

ADAM = dict(optimizer=dict(type='Adam', lr=0.1))


def build(*frozen, **changes):
    return MODELS.build(stubs.config(frozen=frozen, **changes))


def trained(model):
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def test_parts_and_single_parameters():
    everything = trained(build())
    assert everything - trained(build('generator.layer')) == {'generator.layer.weight', 'generator.layer.bias'}
    assert everything - trained(build('generator.head.fine.bias', 'discriminator')) == {
        'generator.head.fine.bias', *(name for name in everything if name.startswith('discriminator.'))}


def test_frozen_parts_keep_their_weights_and_the_rest_learns():
    """The discriminator's turn, and the generator's, in which it is frozen for a while, leave them frozen."""
    model = build('generator.layer', 'discriminator.first')
    before = {name: value.clone() for name, value in model.state_dict().items()}
    wrappers = PlayerOptimWrapperConstructor(dict(generator=ADAM, discriminator=ADAM))(model)
    for _ in range(3):
        model.train_step(stubs.batch(), wrappers)
    same = {name for name, value in model.state_dict().items() if torch.equal(value, before[name])}
    assert same == {'generator.layer.weight', 'generator.layer.bias', 'discriminator.first.weight',
                    'discriminator.first.bias', 'discriminator.last.bias'}  # the last one cancels in the stub's loss
    assert same & trained(model) == {'discriminator.last.bias'}


def test_no_graph_is_kept_for_them():
    model = build('generator.layer')
    layout = stubs.batch()['layout']
    assert model.generator.features(layout).grad_fn is None
    assert model.generator(layout)['image'].grad_fn is not None


def test_a_name_that_is_none():
    with pytest.raises(ValueError, match=r"frozen: 'generator.layr' is no part of the model: did you mean "
                                         r"generator.layer"):
        build('generator.layr')
    with pytest.raises(ValueError, match=r"frozen='generator' must be a list of names: \['generator'\]\."):
        freeze(build(), 'generator')
    with pytest.raises(ValueError, match=r"'x' is no part of the model: it has discriminator, generator\."):
        build('x')
    with pytest.raises(ValueError, match=r"'generator\.lay' is no part"):  # not the beginning of a word
        build('generator.lay')
