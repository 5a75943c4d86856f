"""What every generator keeps, with every head."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from semsynth.layout import Layout
from semsynth.registry import GENERATORS

CLASSES = 5
GLOBAL = dict(type='GlobalGenerator', base_channels=4, num_downsamples=2, num_blocks=1)
LOCAL = dict(type='LocalEnhancer', base_channels=2, num_enhancers=2, num_blocks=1, num_global_downsamples=1,
             num_global_blocks=1)
SPADE = dict(type='SPADEGenerator', base_channels=2, hidden_channels=4)
SPADE_ALL = dict(SPADE, spectral='all', norm='instance')
SPADE_LATENT = dict(SPADE, latent_dim=3, image_size=[64, 96])
TABLES = dict(num_classes=CLASSES, instances=True)
CLADE = dict(SPADE, **TABLES, modulation='clade')
CLADE_ICPE = dict(SPADE_ALL, **TABLES, modulation='clade_icpe')
INADE = dict(SPADE_LATENT, **TABLES, modulation='inade', noise_channels=2, max_objects=47)
UNET = dict(type='UNetGenerator', base_channels=2, num_downsamples=4)
UNET_INSTANCE = dict(UNET, norm='instance')
CRN = dict(type='CRNGenerator', widths=(4, 4, 2))
OASIS = dict(type='OASISGenerator', base_channels=2, hidden_channels=4, latent_dim=3)
OASIS_CLADE = dict(OASIS, **TABLES, modulation='clade')
LABEL_ENCODER = dict(type='LabelEncoderGenerator', base_channels=2, hidden_channels=4, encoder_channels=2, latent_dim=3,
                     num_tokens=3)
LGGAN = dict(type='LGGANGenerator', base_channels=2, hidden_channels=4, num_blocks=1)
CCFPSE = dict(type='CCFPSEGenerator', base_channels=2, hidden_channels=4, pyramid_channels=3)
BACKBONE = dict(type='BackboneGenerator', feature_channels=2,
                backbone=dict(type='ResNetV1c', depth=18, base_channels=2, stem_channels=2))
SMALLEST = [(GLOBAL, 8), (LOCAL, 16), (SPADE, 32), (UNET, 16), (CRN, 4), (OASIS, 32), (LABEL_ENCODER, 32),
            (CCFPSE, 32), (LGGAN, 32), (BACKBONE, 64)]
GENERATORS_ALL = [GLOBAL, LOCAL, SPADE, SPADE_ALL, SPADE_LATENT, UNET, UNET_INSTANCE, CRN, OASIS, LABEL_ENCODER,
                  CCFPSE, LGGAN, BACKBONE, CLADE, CLADE_ICPE, INADE, OASIS_CLADE]
NAMES = ['global', 'local', 'spade', 'spade_all', 'spade_latent', 'unet', 'unet_instance', 'crn', 'oasis',
         'label_encoder', 'ccfpse', 'lggan', 'backbone', 'clade', 'clade_icpe', 'inade', 'oasis_clade']
CITYSCAPES = dict(type='SPADEGenerator', in_channels=36, num_classes=35, instances=True, num_upsamples='more')
EDGE_GUIDED = dict(type='EdgeGuidedHead', num_classes=CLASSES, num_layers=2, embedding_channels=3)
HEADS_ALL = [dict(type='RGBHead'), dict(type='RGBHead', kernel_size=3, padding_mode='zeros'), EDGE_GUIDED,
             dict(type='LGGANHead', num_classes=CLASSES, class_scores=False), dict(type='DAGANHead')]
HEAD_NAMES = ['rgb', 'rgb3', 'edge_guided', 'lggan', 'dagan']


def layout_of(height=64, width=96, batch=2) -> Layout:
    return Layout(label=torch.randint(CLASSES, (batch, height, width)), num_classes=CLASSES,
                  instance=torch.randint(9, (batch, height, width)))


def build(config: dict, **changes) -> nn.Module:
    return GENERATORS.build({**config, 'in_channels': CLASSES + 1, **changes})


@pytest.mark.parametrize('head', HEADS_ALL, ids=HEAD_NAMES)
@pytest.mark.parametrize('config', GENERATORS_ALL, ids=NAMES)
def test_every_head_on_every_generator(config, head):
    generator, layout = build(config, head=head), layout_of()
    features = generator.features(layout)
    assert features.shape == (2, generator.feature_channels, 64, 96)
    outputs = generator(layout)
    assert set(outputs) == set(generator.head.outputs) and set(generator.head.views) <= set(outputs)
    for name, output in outputs.items():
        assert output.shape == (2, 3, 64, 96) and output.dtype == torch.float32
        if name == 'coarse':  # eq. 1 stretches what is in [-1, 1]
            assert output.abs().max() <= 1 + torch.tensor(1.0).sigmoid()
        elif name != 'embedding':
            assert output.abs().max() <= 1
    sum(output.square().mean() for output in outputs.values()).backward()
    assert not [name for name, parameter in generator.named_parameters() if parameter.grad is None]
    twin = copy.deepcopy(generator.eval())  # as an average of weights does
    if generator.latent_dim is None:
        assert torch.equal(twin(layout)['image'], generator(layout)['image'])


@pytest.mark.parametrize('config', GENERATORS_ALL, ids=NAMES)
def test_one_image_has_the_same_gradients_channels_last(config):
    if config['type'] == 'UNetGenerator':
        config = dict(config, dropout=0.0)  # which is drawn in the order of memory
    generator, aim = build(config).double(), torch.randn(1, 3, 64, 96)
    layout = Layout(torch.randint(CLASSES, (1, 64, 96)), CLASSES, instance=torch.randint(9, (1, 64, 96)),
                    raw=torch.rand(1, CLASSES + 1, 64, 96, dtype=torch.float64),
                    latent=torch.randn(1, generator.latent_dim or 3, dtype=torch.float64))
    last, gradients = copy.deepcopy(generator).to(memory_format=torch.channels_last), []
    for network in (generator, last):
        (network(layout)['image'] * aim).sum().backward()
        gradients.append({name: parameter.grad for name, parameter in network.named_parameters()})
    largest = max(gradient.abs().max() for gradient in gradients[0].values())
    for name, gradient in gradients[1].items():  # to the rounding of images, which are float32
        assert (gradient - gradients[0][name]).abs().max() < 1e-5 * largest, name


@pytest.mark.parametrize('config', GENERATORS_ALL, ids=NAMES)
def test_outputs_are_float32_under_autocast(config):
    generator = build(config, head=EDGE_GUIDED)
    with torch.autocast('cpu', torch.bfloat16):
        outputs = generator(layout_of())
    sum(output.square().mean() for output in outputs.values()).backward()
    assert {output.dtype for output in outputs.values()} == {torch.float32}
    assert all(parameter.grad.isfinite().all() for parameter in generator.parameters())


@pytest.mark.parametrize(('config', 'smallest'), SMALLEST, ids=[config['type'] for config, _ in SMALLEST])
def test_smallest_size_and_sizes_that_do_not_fit(config, smallest):
    generator = build(config)
    assert generator.smallest_size == smallest
    assert generator(layout_of(smallest, smallest))['image'].shape[-2:] == (smallest, smallest)
    for height, width in [(smallest - generator.size_divisor, 64), (64, 65)]:
        with pytest.raises(ValueError, match=f'{height}x{width}.*multiples of {generator.size_divisor} and at least '
                                             f'{smallest}'):
            generator(layout_of(height, width))


def test_an_absent_instance_map_is_named():
    with pytest.raises(ValueError, match='layout has 5 channels, but in_channels=6'):
        build(GLOBAL)(Layout(label=torch.zeros(1, 8, 8, dtype=torch.long), num_classes=CLASSES))


def test_any_image_like_input():
    assert build(GLOBAL, in_channels=3)(Layout(raw=torch.randn(1, 3, 8, 12)))['image'].shape == (1, 3, 8, 12)


@pytest.mark.parametrize(('config', 'parameters'), [
    (dict(type='GlobalGenerator', in_channels=36), 182_546_755),
    (dict(type='GlobalGenerator', in_channels=39), 182_556_163),
    (dict(type='LocalEnhancer', in_channels=36), 182_857_059),
    (dict(type='SPADEGenerator', in_channels=36, num_upsamples='more'), 93_048_003),
    (dict(type='SPADEGenerator', in_channels=36, num_upsamples='more', latent_dim=256, image_size=(256, 512)),
     101_136_579),
    (dict(type='SPADEGenerator', in_channels=151), 96_492_483),
    # DAGAN's two attentions beside SPADE's own head
    (dict(type='SPADEGenerator', in_channels=36, num_upsamples='more', head=dict(type='DAGANHead')),
     93_048_003 + 8_339),
    (dict(CITYSCAPES, modulation='clade'), 67_901_991),
    (dict(type='SPADEGenerator', in_channels=151, num_classes=151, modulation='clade'), 71_427_267),
    (dict(type='SPADEGenerator', in_channels=184, num_classes=183, instances=True, modulation='clade'), 72_505_383),
    # 18 norms with two 1x1 convolutions of 3 parameters each.
    (dict(CITYSCAPES, modulation='clade_icpe'), 67_901_991 + 18 * 6),
    # The paper's 77.39 M.
    (dict(CITYSCAPES, modulation='inade', latent_dim=256, image_size=(256, 512)), 77_394_435),
    # Without the 42 parameters of its norms that the official code makes and never uses.
    (dict(type='CCFPSEGenerator', in_channels=36, num_upsamples='more'), 119_966_979 - 26_112),
    (dict(type='CCFPSEGenerator', in_channels=151), 125_254_211 - 26_112),
])
def test_parameters_are_as_many_as_the_official_ones(config, parameters):
    with torch.device('meta'):
        generator = GENERATORS.build(config)
    assert sum(parameter.numel() for parameter in generator.parameters()) == parameters


def test_same_seed_same_weights():
    torch.manual_seed(3)
    first = build(SPADE_ALL, head=EDGE_GUIDED).state_dict()
    torch.manual_seed(3)
    second = build(SPADE_ALL, head=EDGE_GUIDED).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def convolutions(module: nn.Module) -> list[nn.Module]:
    return [layer for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]


@pytest.mark.parametrize('head', HEADS_ALL, ids=HEAD_NAMES)
def test_spectral_all_is_all_layers_of_generator_and_head(head):
    assert all(map(parametrize.is_parametrized, convolutions(build(SPADE, spectral='all', head=head))))


def test_spectral_spade_spares_seed_norms_and_head():
    generator = build(SPADE, head=EDGE_GUIDED)
    wide = sum(block.widens for block in generator.blocks)
    normalised = [layer for layer in convolutions(generator) if parametrize.is_parametrized(layer)]
    assert len(normalised) == 2 * len(generator.blocks) + wide
    assert not any(map(parametrize.is_parametrized, convolutions(generator.head)))
