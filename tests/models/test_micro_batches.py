"""A batch in parts is the whole batch: losses, weights and buffers after two updates, in float64."""

import gc
from functools import partial

import pytest
import torch
from mmengine.model import MMSeparateDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import distributed, nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook

from helpers.narrow import SIZE, narrow
from helpers.ranks import run_ranks
from helpers.stubs import batch, config, players
from semsynth.engine.wrapping import bare, bare_names
from semsynth.registry import MODELS
from semsynth.studies.benchmark.measuring import _peak_on_cpu
from semsynth.studies.benchmark.step import build, draw_batch

BATCH, STEPS = 4, 2
WITHOUT_CONTRAST = {'model.losses.contrastive': None, 'model.generator.head.embedding_channels': None}
PIX2PIXHD, STYLES = 'configs/pix2pixhd/pix2pixhd_toycity.py', 'configs/pix2pixhd/pix2pixhd_styles_toycity.py'
LGGAN, CLADE = 'configs/lggan/lggan_toycity.py', 'configs/clade/clade_toycity.py'
METHODS = {  # none relates images to one another; where LGGAN's classes do, all images have as many
    PIX2PIXHD: {'model.generator.checkpoint_activations': True},
    STYLES: {},  # an encoder learns with the generator
    'configs/spade/spade_toycity.py': {},  # the discriminator judges new outputs; spectral norm
    'configs/ecgan/ecgan_toycity.py': WITHOUT_CONTRAST,
    LGGAN: {},
    'configs/dagan/dagan_toycity.py': {},
    CLADE: {'model.generator.checkpoint_activations': True}}
PATHS = [pytest.param(path, marks=pytest.mark.slow) if place > 3 else path for place, path in enumerate(METHODS)]


def prepare(path, micro_batch=None, **options):
    """A narrowed model in float64 with its optimisers."""
    settings = narrow(path, 'nowhere', **METHODS[path], **options)
    settings.model.micro_batch = micro_batch
    model, _ = build(settings, 'float32', 'cpu')
    model.double()
    model.data_preprocessor.register_forward_hook(in_double)
    players = settings.optim_wrapper.to_dict()
    for player in ('generator', 'discriminator'):
        players[player] = dict(optimizer=dict(type='SGD', lr=0.01), type='PlayerOptimWrapper')
    return model, players


def in_double(preprocessor, inputs, prepared):
    layout = prepared['layout']
    layout.__dict__['unstyled'] = layout.unstyled.double()
    prepared['real'] = {name: image.double() for name, image in prepared['real'].items()}


def train(model, players, data):
    with DefaultScope.overwrite_default_scope('semsynth'):
        wrappers = build_optim_wrapper(model, players)
    losses = [model.train_step(data, wrappers) for _ in range(STEPS)]
    return losses, bare_names(bare(model).state_dict(), bare(model))


@pytest.fixture(scope='module')
def whole():
    """What training on whole batches gives, by path."""
    kept = {}

    def of(path):
        if path not in kept:
            model, players = prepare(path)
            kept[path] = train(model, players, draw_batch(model, (SIZE, SIZE), BATCH))
        return kept[path]

    return of


@pytest.mark.parametrize('micro_batch', [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize('path', PATHS)
def test_parts_make_the_whole(whole, path, micro_batch):
    model, players = prepare(path, micro_batch)
    losses, state = train(model, players, draw_batch(model, (SIZE, SIZE), BATCH))
    expected, weights = whole(path)
    torch.testing.assert_close(losses, expected, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(dict(state), dict(weights), rtol=1e-9, atol=1e-11)


def part_of(data, rank, ranks):
    """Every ranks-th image of a collated batch."""
    return dict(inputs={key: parts[rank::ranks] for key, parts in data['inputs'].items()},
                sample={key: parts[rank::ranks] for key, parts in data['sample'].items()})


def note_and_reduce(state, bucket):
    exchanged, name = state
    exchanged.append(name)
    return allreduce_hook(None, bucket)


def on_rank(path, folder):
    """Each of two ranks has half of the batch, whole and then in parts of one image."""
    distributed.init_process_group('gloo')
    rank, record = distributed.get_rank(), {}
    for micro_batch in (None, 1):
        model, players = prepare(path, micro_batch)
        model = MMSeparateDistributedDataParallel(model, device_ids=None, gradient_as_bucket_view=True)
        exchanged = []
        for name, part in model.module.named_children():
            if isinstance(part, nn.parallel.DistributedDataParallel):
                part.register_comm_hook((exchanged, name), note_and_reduce)
        data = part_of(draw_batch(model.module, (SIZE, SIZE), BATCH), rank, 2)
        losses, state = train(model, players, data)
        record[micro_batch] = dict(losses=losses, state=dict(state), exchanged=exchanged)
    torch.save(record, folder / f'{rank}.pth')


@pytest.mark.parametrize('path', [STYLES, *(pytest.param(path, marks=pytest.mark.slow) for path in (
    'configs/spade/spade_toycity.py', LGGAN, CLADE))])
def test_two_ranks_with_parts_make_the_whole(whole, path, tmp_path):
    assert run_ranks(on_rank, 2, path, tmp_path) == [0, 0]
    first, second = (torch.load(tmp_path / f'{rank}.pth') for rank in range(2))
    expected, weights = whole(path)
    for micro_batch in (None, 1):
        mine, other = first[micro_batch], second[micro_batch]
        for ours, theirs, both in zip(mine['losses'], other['losses'], expected, strict=True):
            for name, loss in both.items():
                torch.testing.assert_close((ours[name] + theirs[name]) / 2, loss, rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(mine['state'], dict(weights), rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(mine['state'], other['state'], rtol=0, atol=0)
    # gradients cross once an update, however many parts there are
    assert first[1]['exchanged'] == first[None]['exchanged']
    assert set(first[1]['exchanged']) == {'generator', 'discriminator'} | ({'encoder'} if path == STYLES else set())


def test_what_relates_images_sees_a_part_at_a_time():
    """Batch norm, and the contrast with its memory, train too; one update a step."""
    settings = narrow('configs/ecgan/ecgan_cityscapes.py', 'nowhere')
    settings.model.micro_batch = 2
    model, wrappers = build(settings, 'float32', 'cpu')
    data = draw_batch(model, (SIZE, SIZE), BATCH)
    norm = next(each for each in model.generator.modules() if isinstance(each, nn.BatchNorm2d))
    parts = []
    norm.register_forward_hook(lambda layer, inputs, output: parts.append(len(output)))
    losses = model.train_step(data, wrappers)
    assert all(loss.isfinite() for loss in losses.values())
    assert parts == [2, 2]
    # two parts, up to 4 pixels a class of each
    assert model.losses['contrastive'].memory.seen.max() == 8


@pytest.mark.parametrize('path', [PIX2PIXHD, pytest.param('configs/ecgan/ecgan_toycity.py', marks=pytest.mark.slow)])
def test_memory_is_that_of_a_part(path):
    """Also where Python does not look for circles of objects that hold a graph."""
    peaks = {}
    for images in (1, BATCH):
        model, wrappers = build(narrow(path, 'nowhere', **{'model.micro_batch': 1}), 'float32', 'cpu')
        data = draw_batch(model, (SIZE, 2 * SIZE), images)
        model.train_step(data, wrappers)
        gc.collect()
        gc.disable()
        try:
            peaks[images] = _peak_on_cpu(partial(model.train_step, data, wrappers))
        finally:
            gc.enable()
    assert peaks[BATCH] < 1.4 * peaks[1]


def test_outputs_are_made_once_and_judged_in_parts():
    model = MODELS.build(config(micro_batch=1))
    model.train_step(batch(), players(model))
    assert model.generator.calls == 2
    assert model.discriminator.judged == [2, 1, 2, 1, 3, 3]


def test_a_batch_that_is_no_multiple_is_refused():
    model = MODELS.build(config(micro_batch=4))
    with pytest.raises(ValueError, match='micro_batch=4, but the batch has 2 images'):
        model.train_step(batch(), players(model))
    with pytest.raises(ValueError, match='micro_batch=0, expected'):
        MODELS.build(config(micro_batch=0))
