"""OASIS's parts together, and with those of others."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch.nn.utils import parametrize

from helpers.narrow import narrow
from helpers.stubs import config
from semsynth.config import load_config
from semsynth.layout import Layout
from semsynth.registry import MODELS

SIZE = (32, 64)
EPSILON = 1e-2


def batches(count):
    return [dict(inputs=dict(label=[torch.randint(0, 5, (4, 8)).repeat_interleave(8, 0).repeat_interleave(8, 1).byte()
                                    for _ in range(2)],
                             image=[torch.randint(0, 256, (3, *SIZE)).byte() for _ in range(2)]),
                 sample=dict(name=['a', 'b'])) for _ in range(count)]


def of_classes(logits, label):
    """Mean over the known classes present of the mean cross entropy over their pixels; 0 is unknown."""
    errors = F.cross_entropy(logits, label + 1, reduction='none')
    return torch.stack([errors[label == index].mean() for index in label.unique() if index != 0]).mean()


@pytest.mark.slow
def test_three_iterations_of_the_paper_s_recipe(toycity):
    """G's update; the image made anew; D's three forward passes and update. All numbers as on Cityscapes."""
    # With Adam's own epsilon, a gradient that is rounding noise would move a weight as far as any other.
    settings = narrow('configs/oasis/oasis_cityscapes.py', toycity, **{
        f'optim_wrapper.{player}.optimizer.eps': EPSILON for player in ('generator', 'discriminator')})
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build(settings.model)
        wrappers, plain = build_optim_wrapper(model, settings.optim_wrapper), copy.deepcopy(model)
    net_g, net_d = plain.generator, plain.discriminator
    optimizer_g = torch.optim.Adam(net_g.parameters(), lr=4e-4, betas=(0.0, 0.999), eps=EPSILON)
    optimizer_d = torch.optim.Adam(net_d.parameters(), lr=4e-4, betas=(0.0, 0.999), eps=EPSILON)

    def synthesise(label):
        return net_g(Layout(label, 35, latent=torch.randn(2, 64)))['image']

    def judge(images):
        return net_d(None, images)[0][0]

    for step, batch in enumerate(batches(3)):
        torch.manual_seed(step)
        logs = model.train_step(batch, wrappers)

        torch.manual_seed(step)
        label = torch.stack(batch['inputs']['label']).long()
        real = torch.stack(batch['inputs']['image']) / 127.5 - 1
        with parametrize.cached():
            loss_g = of_classes(judge(synthesise(label)), label)
            optimizer_g.zero_grad()
            loss_g.backward()
        optimizer_g.step()
        with parametrize.cached():
            with torch.no_grad():
                fake = synthesise(label)
            mask = (torch.rand(2, 35) < 0.5)[torch.arange(2)[:, None, None], label].unsqueeze(1)
            on_fake, on_real, on_mixed = judge(fake), judge(real), judge(torch.where(mask, real, fake))
            d_real, d_fake = of_classes(on_real, label), F.cross_entropy(on_fake, torch.zeros_like(label))
            loss_d = d_real + d_fake
            loss_mix = 5 * F.mse_loss(on_mixed, torch.where(mask, on_real, on_fake))
            optimizer_d.zero_grad()
            (loss_d + loss_mix).backward()
        optimizer_d.step()
        expected = {'generator/adversarial': loss_g, 'discriminator/adversarial': loss_d,
                    'discriminator/label_mix': loss_mix, 'discriminator/adversarial/real': d_real,
                    'discriminator/adversarial/synthesised': d_fake}
        assert logs.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(logs[name], value.detach(), rtol=1e-4, atol=1e-5, msg=name)
    theirs = dict(plain.named_parameters())
    for name, value in model.named_parameters():
        if not name.endswith('bias'):  # before a norm, a bias's gradient is rounding noise
            torch.testing.assert_close(value, theirs[name], rtol=1e-4, atol=1e-4, msg=name)


@pytest.mark.parametrize(('name', 'rate', 'mix', 'batch_size', 'momentum', 'classes', 'unknown', 'epochs'), [
    ('cityscapes', 4e-4, 5, 20, 1e-3, 35, 0, 200), ('ade20k', 1e-4, 10, 32, 1e-4, 151, 0, 200),
    ('coco_stuff', 1e-4, 10, 32, 1e-4, 183, 182, 100)])
def test_configs_have_the_numbers_of_the_paper(name, rate, mix, batch_size, momentum, classes, unknown, epochs):
    settings = load_config(f'configs/oasis/oasis_{name}.py')
    model, wrapper = settings.model, settings.optim_wrapper
    assert model.losses == dict(adversarial=dict(type='SegmentationAdversarialLoss'),
                                label_mix=dict(type='LabelMixLoss', weight=mix))
    layouts = MODELS.build(model.data_preprocessor)
    assert (layouts.num_classes, layouts.unknown, layouts.instances) == (classes, unknown, False)
    assert not model.reuse_outputs
    assert (model.generator.base_channels, model.generator.latent_dim, model.generator.norm) == (64, 64, 'batch')
    for player, lr in dict(generator=rate, discriminator=4e-4).items():
        assert wrapper[player].optimizer == dict(type='Adam', lr=lr, betas=(0.0, 0.999), fused=True)
        assert settings.param_scheduler[player] == []
    assert settings.train_dataloader.batch_size == batch_size and settings.train_cfg.max_epochs == epochs
    assert (settings.default_hooks.ema.momentum, settings.default_hooks.ema.refresh) == (momentum, 50)
    assert not any(settings[f'{split}_dataloader'].dataset.get('instances') for split in ('train', 'val', 'test'))


OASIS = dict(type='OASISDiscriminator', base_channels=1, num_downsamples=2)
SEGMENT, MIX = dict(type='SegmentationAdversarialLoss'), dict(type='LabelMixLoss')


def test_the_discriminator_goes_with_any_generator():
    model = MODELS.build(config(discriminator=OASIS, losses=dict(adversarial=SEGMENT, label_mix=MIX)))
    assert model.discriminator.down[0].conv_0.in_channels == 3
    assert model.data_preprocessor.size_divisor == 4


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(discriminator=OASIS, losses=dict(adversarial=SEGMENT, matching=dict(type='StubMatching'))),
     'losses.matching reads features, but OASISDiscriminator returns only logits'),
    (dict(discriminator=OASIS, losses=dict(adversarial=dict(type='HingeLoss'))),
     r'losses\.adversarial: HingeLoss reads scores .* OASISDiscriminator .* SegmentationAdversarialLoss'),
    (dict(losses=dict(adversarial=SEGMENT)),
     r'losses\.adversarial: SegmentationAdversarialLoss .* StubDiscriminator .*OASISDiscriminator.*adversarial=None'),
    (dict(discriminator=OASIS | dict(num_classes=9), losses=dict(adversarial=SEGMENT)),
     'discriminator: num_classes=9, but OASISDiscriminator would get 3; leave num_classes out to have it filled in'),
    (dict(discriminator=OASIS | dict(in_channels=6), losses=dict(adversarial=SEGMENT)),
     'discriminator: in_channels=6, but OASISDiscriminator would get 3; leave in_channels out to have it filled in'),
    (dict(discriminator=OASIS, losses=dict(label_mix=MIX)),
     'generator: no loss trains it, label_mix only the discriminator; add an adversarial loss')])
def test_parts_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(config(**changes))
