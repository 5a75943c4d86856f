"""Image-like inputs and gray images through whole models: every generator, losses, evaluators, pictures."""

import copy

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper, OptimWrapperDict
from PIL import Image

from helpers import tiny_segmentor
from helpers.facts import facts
from semsynth.engine.pictures import result_grid
from semsynth.evaluators import FrechetDistance, SegmentationEvaluator
from semsynth.registry import MODELS, SEGMENTORS
from semsynth.visualise import picture_grid, save_images

GENERATORS = {
    'global': dict(type='GlobalGenerator', base_channels=4, num_downsamples=2, num_blocks=1),
    'local': dict(type='LocalEnhancer', base_channels=2, num_blocks=1, num_global_downsamples=1, num_global_blocks=1),
    'spade': dict(type='SPADEGenerator', base_channels=2, hidden_channels=4),
    'unet': dict(type='UNetGenerator', base_channels=2, num_downsamples=4),
    'crn': dict(type='CRNGenerator', widths=(4, 4, 2))}
HEIGHT, WIDTH = 37, 51  # multiples of no size_divisor
SEGMENTOR = dict(type='Segmentor', config=tiny_segmentor.config())


def config(raw_channels=1, out_channels=3, kind='global', **changes):
    head = dict(type='RGBHead', out_channels=out_channels, kernel_size=3)
    return {**dict(
        type='Synthesizer', data_preprocessor=dict(type='LayoutPreprocessor', num_classes=0, raw_channels=raw_channels),
        generator=dict(GENERATORS[kind], head=head),
        discriminator=dict(type='MultiScaleDiscriminator', base_channels=2, num_layers=1, num_scales=2),
        losses=dict(adversarial=dict(type='LeastSquaresLoss'), feature_matching=dict(type='FeatureMatchingLoss'),
                    perceptual=dict(type='PerceptualLoss', weights='random'))), **changes}


def batch(raw_channels=1, dtype=torch.uint8):
    """Two samples as the data set packs them."""
    samples = []
    for name in 'ab':
        raw = torch.rand(raw_channels, HEIGHT, WIDTH)
        raw = raw if dtype.is_floating_point else (raw * torch.iinfo(dtype).max).to(dtype)
        photo = torch.randint(0, 256, (3, HEIGHT, WIDTH), dtype=torch.uint8)
        samples.append(dict(inputs=dict(raw=raw, image=photo, edge=photo),
                            sample=dict(name=name, size=(HEIGHT, WIDTH))))
    return pseudo_collate(samples)


def train_one_step(model, data):
    players = {name: OptimWrapper(torch.optim.SGD(getattr(model, name).parameters(), lr=0.1))
               for name in ('generator', 'discriminator')}
    before = copy.deepcopy(model.state_dict())
    logs = model.train_step(data, OptimWrapperDict(**players))
    assert all(value.isfinite() for value in logs.values()), logs
    for player in players:
        assert any(not torch.equal(value, before[name]) for name, value in model.state_dict().items()
                   if name.startswith(player))
    return logs


@pytest.mark.parametrize('raw_channels, dtype, out_channels', [
    (1, torch.uint8, 1), (1, torch.uint16, 3), (24, torch.float32, 1)])
@pytest.mark.parametrize('kind', GENERATORS)
def test_every_generator_trains_and_predicts(kind, raw_channels, dtype, out_channels):
    model = MODELS.build(config(raw_channels, out_channels, kind))
    assert model.generator.in_channels == raw_channels
    assert next(model.discriminator.parameters()).shape[1] == raw_channels + out_channels
    data = batch(raw_channels, dtype)
    assert set(train_one_step(model, data)) == {
        'generator/adversarial', 'generator/feature_matching', 'generator/perceptual', 'discriminator/adversarial',
        'discriminator/adversarial/real', 'discriminator/adversarial/synthesised'}
    model.eval()
    for result in model.val_step(data):
        assert result['outputs']['image'].shape == result['real']['image'].shape == (out_channels, HEIGHT, WIDTH)
        assert result['raw'].shape == (3 if raw_channels == 24 else 1, HEIGHT, WIDTH)


@pytest.mark.parametrize('apart', [False, True])
def test_a_discriminator_that_tells_layout_from_image_reads_gray_images(apart):
    one = dict(type='FeaturePyramidDiscriminator', base_channels=2)
    discriminator = dict(type='SeparateDiscriminators', networks=dict(image=one)) if apart else one
    model = MODELS.build(config(2, 1, discriminator=discriminator))
    network = model.discriminator.networks['image'] if apart else model.discriminator
    assert (network.first[0].in_channels, network.embedding.in_channels) == (1, 2)
    data = batch(2)
    data['inputs'] = {kind: [part.repeat(1, 2, 2) for part in parts] for kind, parts in data['inputs'].items()}
    train_one_step(model, data)


def test_networks_of_losses_and_judges_see_gray_images_as_rgb():
    model = MODELS.build(config(out_channels=1))
    gray = torch.rand(2, 1, 32, 32) * 2 - 1
    perceptual, segmentor = model.losses['perceptual'], SEGMENTORS.build(SEGMENTOR)
    rgb = gray.expand(-1, 3, -1, -1)
    for ours, expected in zip(perceptual.features(None, gray), perceptual.features(None, rgb), strict=True):
        assert torch.equal(ours, expected)
    assert torch.equal(segmentor(gray), segmentor(rgb))
    judge = FrechetDistance(judge=SEGMENTOR, size=(16, 16))
    byte = torch.randint(0, 256, (1, 9, 7), dtype=torch.uint8)
    assert torch.equal(judge.embed(byte), judge.embed(byte.expand(3, -1, -1)))


def test_a_segmentors_features_serve_as_loss():
    losses = dict(adversarial=dict(type='HingeLoss'), features=dict(type='SegmentorFeatureLoss'))
    for out_channels in (1, 3):
        model = MODELS.build(config(out_channels=out_channels, losses=losses, segmentor=SEGMENTOR))
        assert train_one_step(model, batch())['generator/features'] > 0


def edge_guided(**parts):
    return dict(GENERATORS['global'], head=dict(type='EdgeGuidedHead', num_classes=0, num_layers=1, **{
        'semantic': False, 'class_specific': False, 'embedding_channels': None, **parts}))


def test_ecgans_edge_branch_on_an_image_like_input():
    model = MODELS.build(config(3, generator=edge_guided()))
    train_one_step(model, batch(3))


ADVERSARIAL = dict(adversarial=dict(type='HingeLoss'))
BROKEN = {
    r'generator\.head: EdgeGuidedHead reads label maps, but num_classes=0: switch off what reads them \(semantic=False':
        dict(generator=edge_guided(semantic=True)),
    'reads label maps, but num_classes=0: switch off':
        dict(generator=edge_guided(class_specific=True)),
    r'losses\.similarity reads label maps, but num_classes=0: drop the term with losses=dict\(similarity=None\)':
        dict(losses=dict(ADVERSARIAL, similarity=dict(type='SimilarityLoss')), segmentor=SEGMENTOR),
    r'losses\.contrast reads label maps, but num_classes=0: drop':
        dict(generator=edge_guided(embedding_channels=4),
             losses=dict(ADVERSARIAL, contrast=dict(type='ContrastiveLoss'))),
    r'losses\.classes reads label maps, but num_classes=0: drop':
        dict(losses=dict(ADVERSARIAL, classes=dict(type='ClassSpecificLoss'))),
    'encoder: styles belong to the objects of label or instance maps, but num_classes=0: set encoder=None':
        dict(encoder=dict(type='InstanceFeatureEncoder', base_channels=4, num_downsamples=2)),
    'RGBHead: out_channels=2, expected 3':
        dict(generator=dict(GENERATORS['global'], head=dict(type='RGBHead', out_channels=2))),
}


@pytest.mark.parametrize('message', BROKEN)
def test_what_needs_label_maps_is_refused_when_built(message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(config(**BROKEN[message]))


def test_scores_that_need_label_maps_are_refused():
    model = MODELS.build(config()).eval()
    evaluator = SegmentationEvaluator(judge=SEGMENTOR)
    with pytest.raises(ValueError, match=facts('SegmentationEvaluator', 'num_classes=0', 'FrechetDistance')):
        evaluator.process(None, model.val_step(batch()))


@pytest.mark.parametrize('raw_channels', [1, 3, 24])
def test_pictures_of_inputs_and_gray_images(raw_channels, tmp_path):
    results = MODELS.build(config(raw_channels, out_channels=1)).eval().val_step(batch(raw_channels))
    grid = result_grid(results)
    factor = -(-256 // WIDTH)  # by which narrow pictures are enlarged
    # the input, the image, the real image and, as the samples have it, its edge map
    cell, columns = factor * WIDTH + 4, 4
    assert grid.shape[1] == 4 + columns * cell
    top = grid.shape[0] - 2 * (factor * HEIGHT + 4)
    raw = np.broadcast_to(results[0]['raw'].permute(1, 2, 0), (HEIGHT, WIDTH, 3))
    np.testing.assert_array_equal(grid[top:top + factor * HEIGHT:factor, 4:cell:factor], raw)
    image = np.broadcast_to(results[0]['outputs']['image'][0, ..., None], (HEIGHT, WIDTH, 3))
    np.testing.assert_array_equal(grid[top:top + factor * HEIGHT:factor, 4 + cell:2 * cell:factor], image)
    save_images(results[0], tmp_path)
    saved = Image.open(tmp_path / 'a.png')
    assert saved.mode == 'L'
    np.testing.assert_array_equal(np.asarray(saved), results[0]['outputs']['image'][0])
    with pytest.raises(ValueError, match=r'takes images \(3, H, W\) or \(1, H, W\) uint8 .*not \(2, 4, 4\) uint8'):
        picture_grid([[np.zeros((2, 4, 4), np.uint8)]], ['x'])
