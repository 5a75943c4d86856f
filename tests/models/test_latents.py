"""Models with a latent: what fits together, and where the latent comes from."""

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from helpers import stubs
from semsynth.encoders import Encoder
from semsynth.layout import Layout
from semsynth.registry import ENCODERS, GENERATORS, MODELS
from semsynth.seeds import draw_latents, seed_of

LATENT = 4


@stubs.register(GENERATORS)
class LatentGenerator(stubs.StubGenerator):
    """Adds its latent to the features."""

    def __init__(self, in_channels, head, latent_dim=LATENT):
        super().__init__(in_channels, head)
        self.latent_dim = latent_dim

    def features(self, layout):
        self.latent = layout.latent
        return super().features(layout) + layout.latent[:, :, None, None]


@stubs.register(ENCODERS)
class LatentEncoder(Encoder):
    latent_dim = LATENT

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, LATENT)

    def forward(self, layout, image):
        mean = self.layer(image.mean((2, 3)))
        return layout.with_latent(mean + torch.randn_like(mean), (mean, torch.zeros_like(mean)))


GENERATOR = dict(type='LatentGenerator', head=dict(type='StubHead'))
LOSSES = dict(adversarial=dict(type='StubAdversarial'), kl=dict(type='KLLoss'))


def config(**changes):
    return stubs.config(**dict(generator=GENERATOR, encoder=dict(type='LatentEncoder'), losses=LOSSES) | changes)


def players(model):
    wrappers = stubs.players(model)
    wrappers['generator'].optimizer.add_param_group(dict(params=list(model.encoder.parameters())))
    return wrappers


def test_training_pays_for_the_posterior_and_trains_the_encoder():
    model, batch = MODELS.build(config()), stubs.batch()
    before = model.encoder.layer.weight.clone()
    mean = model.encoder.layer(batch['real']['image'].mean((2, 3)))
    logs = model.train_step(batch, players(model))
    assert logs['generator/kl'].item() == pytest.approx(0.05 * 0.5 * mean.square().sum(1).mean().item(), rel=1e-5)
    assert set(logs) == {'generator/kl', 'generator/adversarial', 'discriminator/adversarial'}
    assert not torch.equal(model.encoder.layer.weight, before)


def test_the_discriminators_turn_draws_anew():
    model, drawn = MODELS.build(config(reuse_outputs=False)), []
    model.generator.register_forward_hook(lambda module, *_: drawn.append(module.latent))
    model.train_step(stubs.batch(), players(model))
    assert len(drawn) == 2 and not torch.equal(*drawn) and drawn[0].requires_grad and not drawn[1].requires_grad


def test_prediction_never_looks_at_the_photo():
    """Latents depend on the name alone, in any batch; a latent that is given is kept."""
    model, batch = MODELS.build(config()).eval(), stubs.batch()
    model.encoder.forward = None
    model.val_step(batch)
    both = model.generator.latent
    assert torch.equal(both, draw_latents(map(seed_of, 'ab'), LATENT)) and not torch.equal(*both)
    second = dict(layout=batch['layout'].map(lambda tensor: tensor[1:]), real={}, samples=batch['samples'][1:])
    torch.manual_seed(9)
    model.val_step(second)
    assert torch.equal(model.generator.latent[0], both[1])
    given = torch.ones(2, LATENT)
    model.val_step(batch | dict(layout=batch['layout'].with_latent(given)))
    assert model.generator.latent is given


def test_latents_are_normal_and_follow_their_seeds():
    latents = draw_latents(range(300), 64)
    assert latents.shape == (300, 64) and abs(latents.mean()) < 0.03 and abs(latents.std() - 1) < 0.03
    assert torch.equal(draw_latents([7], 64)[0], latents[7])


BROKEN = {
    r'losses\.kl reads the posterior .* encoder .* the same latent_dim.* losses=dict\(kl=None\)': dict(encoder=None),
    'encoder: LatentEncoder makes latents of 4 numbers, but the generator reads none; give the generator latent_dim=4, '
    'or set encoder=None': dict(generator=dict(type='StubGenerator', head=dict(type='StubHead'))),
    'encoder: LatentEncoder makes latents of 4 numbers, but the generator reads 9; give the generator latent_dim=4':
        dict(generator=GENERATOR | dict(latent_dim=9)),
}


@pytest.mark.parametrize('message', BROKEN)
def test_parts_that_do_not_fit_are_refused_when_built(message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(config(**BROKEN[message]))


def test_an_instance_encoder_makes_no_posterior():
    with DefaultScope.overwrite_default_scope('semsynth'), pytest.raises(ValueError, match=r'losses\.kl reads'):
        MODELS.build(config(generator=dict(type='StubGenerator', head=dict(type='StubHead')),
                            encoder=dict(type='InstanceFeatureEncoder')))


def test_a_latent_without_an_encoder_is_fine():
    model = MODELS.build(config(encoder=None, losses=dict(adversarial=dict(type='StubAdversarial'))))
    assert model.latent_dim == LATENT
    assert Layout(raw=torch.zeros(1, 1, 2, 2)).with_latent(torch.ones(1, 3)).repeat(2).latent.shape == (2, 3)
