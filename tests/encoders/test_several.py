"""A style of each object and a latent of the whole photo, by one encoder each."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from helpers.narrow import narrow
from semsynth.apis import train
from semsynth.apis.building import build_for_inference
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.style_encoding import encode_styles
from semsynth.encoders import Encoder, InstanceFeatureEncoder, StyleEncoder
from semsynth.encoders.several import SeveralEncoders, build_encoder
from semsynth.layout import Layout
from semsynth.styles import StyleBank
from semsynth.weights import load_checkpoint

STYLE = dict(type='InstanceFeatureEncoder', out_channels=2, base_channels=4, num_downsamples=2)
LATENT = dict(type='StyleEncoder', base_channels=2, latent_dim=32)
CONFIG = 'configs/spade/spade_vae_toycity.py'
BOTH = {'model.encoder': [STYLE, LATENT]}


@pytest.fixture
def layout():
    return Layout(label=torch.randint(3, (2, 64, 64)), num_classes=3)


def test_each_adds_to_the_layout_of_the_one_before(layout):
    encoder, image = build_encoder([STYLE, LATENT]), torch.rand(2, 3, 64, 64)
    style, latent = encoder.members
    assert isinstance(style, InstanceFeatureEncoder) and isinstance(latent, StyleEncoder)
    assert (encoder.style_channels, encoder.latent_dim, encoder.size_divisor) == (2, 32, 4)
    encoder.eval()
    coded = encoder(layout, image)
    assert torch.equal(coded.style, style(layout, image).style)
    for ours, alone in zip((coded.latent, *coded.posterior), (latent.encode(image)[0], *latent.encode(image)),
                           strict=True):
        assert torch.equal(ours, alone)
    assert all(torch.equal(*pair) for pair in zip(encoder.encode(image), latent.encode(image), strict=True))


def test_a_list_of_one_has_the_names_of_that_one():
    assert isinstance(build_encoder([STYLE]), InstanceFeatureEncoder)
    assert build_encoder([STYLE]).state_dict().keys() == build_encoder(STYLE).state_dict().keys()
    names = build_encoder([STYLE, LATENT]).state_dict()
    assert {name.rsplit('.', 1)[0].split('.')[1] for name in names} == {'0', '1'}


@pytest.mark.parametrize(('config', 'made'), [(STYLE, 'styles'), (LATENT, 'latents')])
def test_two_that_make_the_same_are_refused(config, made):
    with pytest.raises(ValueError, match=f'{config["type"]} and {config["type"]} both make {made}'):
        build_encoder([config, config])


class ColourEncoder(Encoder):
    """Its members' other attributes are those of the base."""

    style_channels = 3

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, layout, image):
        return layout.styled(self.layer(image))


def test_encoders_of_ones_own(layout):
    encoder, image = SeveralEncoders([StyleEncoder(2, 5), ColourEncoder()]), torch.rand(2, 3, 64, 64)
    coded = encoder(layout, image)
    assert coded.style.shape == (2, 3, 64, 64) and coded.latent.shape == (2, 5)


def run(toycity, folder, iterations, **options):
    config = narrow(CONFIG, toycity, **BOTH, **{
        'train_cfg.max_iters': iterations, 'default_hooks.checkpoint.interval': 1})
    return train(config, work_dir=folder, **options)


@pytest.mark.slow
def test_training_resumes_and_trains_both(toycity, tmp_path):
    runner = run(toycity, tmp_path / 'whole', 2)
    assert {'train/generator/kl', 'train/generator/adversarial'} <= runner.message_hub.log_scalars.keys()
    run(toycity, tmp_path / 'parts', 1)
    run(toycity, tmp_path / 'parts', 2, resume=True)
    whole, resumed = (load_checkpoint(tmp_path / name / 'iter_2.pth') for name in ('whole', 'parts'))
    first = load_checkpoint(tmp_path / 'whole/iter_1.pth')
    for kind in ('state_dict', 'ema_state_dict'):
        assert whole[kind].keys() == resumed[kind].keys()
        assert all(torch.equal(value, resumed[kind][name]) for name, value in whole[kind].items())
    for number in (0, 1):
        names = [name for name in whole['ema_state_dict'] if name.startswith(f'module.encoder.networks.{number}.')]
        assert any(not torch.equal(whole['ema_state_dict'][name], first['ema_state_dict'][name]) for name in names)
    [trained] = [group['param_names'] for group in whole['optimizer']['generator']['param_groups']]
    assert {'generator', 'encoder'} == {name.split('.')[0] for name in trained}


@pytest.fixture(scope='module')
def trained(toycity, tmp_path_factory):
    """Config and checkpoint of a model whose latent and styles matter."""
    torch.manual_seed(0)
    config = narrow(CONFIG, toycity, **BOTH)
    model = build_for_inference(config, None)
    with torch.no_grad():
        for parameter in (*model.generator.parameters(), *model.encoder.parameters()):
            parameter.copy_(torch.randn_like(parameter) / max(parameter[0].numel(), 9)**0.5)
    path = tmp_path_factory.mktemp('both') / 'model.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return config, path


def image_of(result):
    return result['outputs']['image']


def test_both_are_given(trained, toycity):
    inferencer = Inferencer(*trained, device='cpu')
    photo = np.array(Image.open(sorted((toycity / 'leftImg8bit/val').rglob('*.png'))[0]).resize((64, 64)))
    label, instance = np.zeros((64, 64), np.int64), np.ones((64, 64), np.int64)
    styles, latent = inferencer.encode(photo, label, instance), inferencer.encode_latent(photo, (64, 64))
    assert [style.shape for style in styles.values()] == [(2,)] and latent.shape == (32,)
    first = inferencer.synthesize(label, instance, styles=styles, latent=latent)
    assert torch.equal(first['styles'][1], styles[1])
    again = inferencer.synthesize(label, instance, styles=styles, latent=latent, seed=5)
    assert torch.equal(image_of(first), image_of(again))
    for change in dict(latent=-latent), dict(styles={1: -styles[1]}):
        other = inferencer.synthesize(label, instance, **dict(styles=styles, latent=latent) | change)
        assert not torch.equal(image_of(first), image_of(other))


def test_photos_give_both(trained, toycity):
    inferencer = Inferencer(*trained, device='cpu')
    [layout, *_] = inferencer.find([toycity / 'gtFine/val'], photos=toycity / 'leftImg8bit/val')
    first, second = map(image_of, inferencer.sample(layout, count=2))
    assert torch.equal(first, second)  # nothing is left to be drawn


def test_one_photo_gives_the_latent_of_all(trained, toycity):
    inferencer = Inferencer(*trained, device='cpu')
    photo = next((toycity / 'leftImg8bit/train').rglob('*.png'))
    layouts = inferencer.find([toycity / 'gtFine/val'], photos=photo)
    assert {layout.look for layout in layouts} == {str(photo)} and not any(layout.photo for layout in layouts)
    inferencer.model.styles = StyleBank(torch.eye(2), torch.tensor([0, 1]), (), np.zeros((0, 0, 0, 3), np.uint8))
    one, two = inferencer.sample(layouts[0], count=2)
    latent = inferencer.encode_latent(np.array(Image.open(photo)), one['label'].shape)
    given = inferencer(layouts[0])
    arrays = inferencer.reader.read(layouts[0].label, layouts[0].instance)
    expected = inferencer.synthesize(**arrays, styles=given['styles'], latent=latent, name=layouts[0].name)
    assert torch.equal(image_of(given), image_of(expected))
    assert one['styles'].keys() == two['styles'].keys()
    inferencer.check_samples(2, photos=False, looks=True)  # styles are still drawn


def test_both_are_drawn(trained, toycity, tmp_path):
    bank, path = encode_styles(Inferencer(*trained, device='cpu'), out=tmp_path / 'styles.npz', clusters=2)
    assert bank.centres.shape[1] == 2
    inferencer = Inferencer(*trained, device='cpu', styles=path)
    [layout, *_] = inferencer.find([toycity / 'gtFine/val'])
    first, other = map(image_of, inferencer.sample(layout, count=2))
    assert torch.equal(first, image_of(next(inferencer.sample(layout)))) and not torch.equal(first, other)


def test_validation_takes_the_style_alone_from_the_photo(trained, toycity):
    """Scores must not know the photo's latent."""
    model = Inferencer(*trained, device='cpu').model
    layout = Layout(label=torch.zeros(1, 64, 64).long(), num_classes=12, instance=torch.zeros(1, 64, 64).long())
    real, samples = dict(image=torch.rand(1, 3, 64, 64)), [dict(name='a', size=(64, 64))]
    given, drawn = model.give_style(layout, real, samples), model.give_style(layout, real, [dict(name='b')])
    assert torch.equal(given.style, model.encoder.members[0](layout, real['image']).style)
    assert torch.equal(given.style, drawn.style) and not torch.equal(given.latent, drawn.latent)
    assert torch.equal(given.latent, model.give_style(layout, dict(image=-real['image']), samples).latent)
