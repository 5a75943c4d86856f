import pytest
import torch
from mmengine.registry import DefaultScope

from helpers.facts import facts
from helpers.narrow import narrow
from helpers.ranks import run_ranks
from helpers.settle import settle
from helpers.stubs import batch, config, players
from semsynth.apis import train
from semsynth.discriminators import SeparateDiscriminators
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS, MODELS
from semsynth.weights import load_checkpoint

ONE = dict(type='MultiScaleDiscriminator', base_channels=2, num_scales=2)


def build() -> SeparateDiscriminators:
    return DISCRIMINATORS.build(dict(type='SeparateDiscriminators', in_channels=7, networks=dict(image=ONE, edge=ONE)))


def assert_same(verdict, expected):
    for scale, other in zip(verdict, expected, strict=True):
        for feature, own in zip(scale, other, strict=True):
            torch.testing.assert_close(feature, own)


def test_each_kind_goes_to_its_own_and_comes_back_in_its_place():
    discriminator = build()
    layout = Layout(label=torch.randint(4, (2, 32, 48)), num_classes=4)
    images, kinds = torch.rand(8, 3, 32, 48), ['image', 'edge', 'image', 'edge']
    verdicts = discriminator(layout.repeat(4), images, kinds)
    for number, kind in enumerate(kinds):
        assert_same(verdicts[number], discriminator.networks[kind](layout, images[2 * number:2 * number + 2]))


def test_one_kind_alone():
    discriminator, layout = build(), Layout(label=torch.randint(4, (2, 32, 48)), num_classes=4)
    image = torch.rand(2, 3, 32, 48)
    [verdict] = discriminator(layout, image, ['edge'])
    assert_same(verdict, discriminator.networks['edge'](layout, image))


def test_networks_of_different_types():
    oasis = dict(type='OASISDiscriminator', num_classes=4, base_channels=2, num_downsamples=4)
    pyramid = dict(type='FeaturePyramidDiscriminator', base_channels=2)
    discriminator = SeparateDiscriminators(in_channels=7, networks=dict(image=oasis, edge=pyramid))
    assert discriminator.size_divisor == 16
    layout, images = Layout(label=torch.randint(4, (1, 64, 48)), num_classes=4), torch.rand(3, 3, 64, 48)
    settle(discriminator)
    first, edge, second = discriminator(layout.repeat(3), images, ['image', 'edge', 'image'])
    for verdict, kind, number in (first, 'image', 0), (edge, 'edge', 1), (second, 'image', 2):
        assert_same(verdict, discriminator.networks[kind](layout, images[number:number + 1]))


def model(*kinds, **views):
    one = dict(type='MultiScaleDiscriminator', base_channels=2)
    return MODELS.build(config(views=views, discriminator=dict(
        type='SeparateDiscriminators', networks=dict.fromkeys(kinds, one))))


def test_views_are_judged_by_the_real_image_that_they_imitate():
    built, data = model('image', 'edge', coarse=dict(real='edge')), batch(size=(32, 48))
    data['real']['edge'] = data['real']['image'].flip(0)
    step = built.synthesize(data['layout'], data['real'])
    networks = built.discriminator.networks
    for verdict, network, image in (
            (step.fake_verdicts['coarse'], 'edge', step.outputs['coarse']),
            (step.fake_verdicts['image'], 'image', step.outputs['image']),
            (step.real_verdicts['edge'], 'edge', data['real']['edge']),
            (step.real_verdicts['image'], 'image', data['real']['image'])):
        torch.testing.assert_close(verdict[0][-1], networks[network](data['layout'], image)[0][-1])


def test_a_kind_that_no_loss_reads_needs_no_network_and_no_real_image():
    one = dict(type='MultiScaleDiscriminator', base_channels=2)
    built = MODELS.build(config(
        views=dict(coarse=dict(real='edge')),
        losses=dict(adversarial=dict(type='StubAdversarial', views=dict(image=1))),
        discriminator=dict(type='SeparateDiscriminators', networks=dict(image=one))))
    data = batch(size=(32, 48))
    assert 'edge' not in data['real']
    assert all(loss.isfinite() for loss in built.train_step(data, players(built)).values())


def test_networks_that_are_not_the_views_are_named():
    with pytest.raises(ValueError, match=facts('edge, image', 'imitate image')):
        model('image', 'edge')


def test_a_kind_without_a_network_is_named():
    with pytest.raises(ValueError, match=facts('networks', 'edge=None')):
        SeparateDiscriminators(in_channels=7, networks=dict(image=ONE, edge=None))


OASIS = dict(type='OASISDiscriminator', num_classes=12, base_channels=2, num_downsamples=4)
IMAGES = dict(coarse=1, image=2)
HYBRID = {  # OASIS's discriminator segments images, patches of edges are judged as ever
    'model.discriminator.networks.image': OASIS,
    'model.losses.adversarial.views': dict(edge=1),
    'model.losses.feature_matching.views': dict(edge=1),
    'model.losses.segmentation': dict(type='SegmentationAdversarialLoss', views=IMAGES),
    'model.losses.label_mix': dict(type='LabelMixLoss', views=dict(image=1))}
CONFIG = 'configs/hybrids/ecgan_two_discriminators_toycity.py'


def two_discriminators(toycity, changes, without=()):
    """The config, where a dict that replaces another type's arguments is set, not merged."""
    config = narrow(CONFIG, toycity)
    for key, value in changes.items():
        *path, last = key.split('.')
        node = config._cfg_dict
        for part in path:
            node = node[part]
        node[last] = value
    for name in without:
        config.model.losses[name] = None
    return config


def _train(toycity, changes, folder):
    config = two_discriminators(toycity, changes)
    config.train_cfg.max_iters = 2
    train(config, work_dir=folder, launcher='pytorch')


@pytest.mark.slow
@pytest.mark.parametrize('changes', [{}, HYBRID], ids=['patches', 'oasis'])
def test_both_learn_on_two_ranks(changes, toycity, tmp_path):
    assert run_ranks(_train, 2, toycity, changes, tmp_path) == [0, 0]
    stored = load_checkpoint(tmp_path / 'iter_2.pth')
    moments = [state['exp_avg_sq'] for state in stored['optimizer']['discriminator']['state'].values()]
    weights = [moment for moment in moments if moment.ndim > 1]  # the bias of real and fake scores may cancel
    assert len(weights) == (32 if changes else 20) and all(moment.sum() > 0 for moment in weights)
    assert {name.split('.')[2] for name in stored['state_dict'] if name.startswith('discriminator.')} == {
        'image', 'edge'}


@pytest.mark.parametrize(('changes', 'without', 'message'), [
    ({'model.discriminator.networks.image': OASIS}, (),
     r'losses\.adversarial: HingeLoss .* OASISDiscriminator .* those views alone that'),
    ({key: HYBRID[key] for key in HYBRID if 'feature' not in key}, (),
     r'losses\.feature_matching reads features, but OASISDiscriminator returns only logits.* those views alone that'),
    ({'model.losses.adversarial.views': IMAGES}, (), "no loss trains the network for 'edge'; add an adversarial loss"),
    (HYBRID, ('adversarial',), "no loss trains the network for 'edge'"),
    ({**HYBRID, 'model.discriminator.networks.image': dict(OASIS, num_classes=3)}, (),
     'num_classes=3, but OASISDiscriminator would get 12; leave num_classes out'),
])
def test_what_does_not_fit_is_refused_when_it_is_built(changes, without, message, toycity):
    config = two_discriminators(toycity, changes, without)
    with DefaultScope.overwrite_default_scope('semsynth'), pytest.raises(ValueError, match=message):
        MODELS.build(config.model)
