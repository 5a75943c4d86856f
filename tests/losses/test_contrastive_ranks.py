"""Two ranks, each with its own images, against eq. 5 over all of them in one process."""

import pytest
import torch
import torch.nn.functional as F
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from helpers.eq_5 import eq_5
from helpers.ranks import run_ranks
from semsynth.layout import Layout
from semsynth.losses import ContrastiveLoss, PixelMemory, Step

RANKS, STEPS, CLASSES, UNKNOWN, CHANNELS = 2, 5, 4, 3, 4


def network():
    torch.manual_seed(0)
    return nn.Conv2d(3, CHANNELS, 1).double()


def images_of(rank, step):
    """Two images and their labels; class 2 is on rank 1 alone; in step 3 rank 1 knows nothing, in step 4 no rank."""
    fixed = torch.Generator().manual_seed(10 * step + rank)
    images = torch.randn(2, 3, 3, 5, generator=fixed, dtype=torch.float64)
    label = torch.randint(0, 2 + rank, (2, 3, 5), generator=fixed)
    unknown = torch.rand(2, 3, 5, generator=fixed) < 0.2
    return images, label.masked_fill(unknown | torch.tensor(step == 4 or (step == 3 and rank == 1)), UNKNOWN)


def train(folder, settings):
    distributed.init_process_group('gloo')
    rank = distributed.get_rank()
    net = DistributedDataParallel(network())
    loss = ContrastiveLoss(**settings)
    loss.memory = PixelMemory(CLASSES, CHANNELS, per_class=5, per_step=2)
    records = []
    for number in range(STEPS):
        images, label = images_of(rank, number)
        layout = Layout(label=label, num_classes=CLASSES, unknown=UNKNOWN)
        step = Step(layout, {}, dict(embedding=net(images)), {}, iteration=number)
        past = loss.memory.entries()
        value = loss.for_generator(step)
        net.zero_grad()
        value.backward()
        records.append(dict(value=value.detach(), gradient=[p.grad.clone() for p in net.parameters()], past=past,
                            memory={name: state.clone() for name, state in loss.state_dict().items()}))
    torch.save(records, folder / f'{rank}.pth')


@pytest.fixture(scope='module', params=[{}, dict(max_per_class=None, max_pixels=None)], ids=['drawn', 'every pixel'])
def ranks(request, tmp_path_factory):
    """What each rank had at each step."""
    folder = tmp_path_factory.mktemp('ranks')
    assert run_ranks(train, RANKS, folder, request.param) == [0] * RANKS
    return [torch.load(folder / f'{rank}.pth') for rank in range(RANKS)]


def test_value_and_averaged_gradients_are_those_of_the_whole(ranks):
    for number, (ours, theirs) in enumerate(zip(*ranks, strict=True)):
        net = network()
        images, labels = zip(*(images_of(rank, number) for rank in range(RANKS)), strict=True)
        embeddings = net(torch.cat(images)).movedim(1, -1).reshape(-1, CHANNELS)
        classes = torch.cat(labels).flatten()
        classes = classes.where(classes != UNKNOWN, -1)
        memory, kinds = ours['past']
        expected = eq_5(embeddings, classes, 0.1, memory.double(), kinds)
        assert ours['value'].item() == pytest.approx(expected.item(), rel=1e-9)
        assert theirs['value'] == ours['value']
        assert expected > 0 if number < 4 else expected == 0
        if number < 4:
            expected.backward()
        for parameter, first, second in zip(net.parameters(), ours['gradient'], theirs['gradient'], strict=True):
            assert torch.equal(first, second)
            torch.testing.assert_close(
                first, torch.zeros_like(first) if parameter.grad is None else parameter.grad, rtol=1e-7, atol=1e-9)


def test_memory_is_the_same_on_all_ranks_and_holds_pixels_of_each(ranks):
    net = network()
    for number, (ours, theirs) in enumerate(zip(*ranks, strict=True)):
        assert ours['memory'].keys() == {'memory.embeddings', 'memory.seen'}
        for name, state in ours['memory'].items():
            assert torch.equal(state, theirs['memory'][name])
        if number > 2:
            continue
        before = torch.tensor([2 * number] * 3 + [0])
        assert torch.equal(ours['memory']['memory.seen'], before + torch.tensor([2, 2, 2, 0]))
        for kind in range(3):
            entered = ours['memory']['memory.embeddings'][kind, [2 * number % 5, (2 * number + 1) % 5]].double()
            for rank in range(RANKS):
                images, label = images_of(rank, number)
                pixels = F.normalize(net(images).movedim(1, -1)[label == kind], dim=-1)
                distances = torch.cdist(entered, pixels)
                # one of each rank's pixels, where both have some
                assert (distances < 1e-6).sum() == (1 if kind < 2 else 2 * rank)
    assert torch.equal(ranks[0][4]['memory']['memory.seen'], ranks[0][3]['memory']['memory.seen'])


def draw(folder):
    distributed.init_process_group('gloo')
    rank = distributed.get_rank()
    torch.manual_seed(rank)  # as the engine does
    drawn = []
    loss = ContrastiveLoss(max_pixels=9)
    label = torch.arange(40).remainder(2).view(1, 4, 10)
    embedding = torch.arange(40.).view(1, 1, 4, 10).requires_grad_()
    embedding.register_hook(lambda gradient: drawn.append(gradient))
    step = Step(Layout(label=label, num_classes=2), {},
                dict(embedding=torch.cat([embedding, torch.ones(1, 1, 4, 10)], 1)), {})
    loss.for_generator(step).backward()
    torch.save(drawn[0], folder / f'{rank}.pth')


def test_ranks_share_the_bound(tmp_path):
    assert run_ranks(draw, RANKS, tmp_path) == [0] * RANKS
    pixels = [set(torch.load(tmp_path / f'{rank}.pth').flatten().nonzero().flatten().tolist()) for rank in range(RANKS)]
    assert all(len(own) == 5 for own in pixels) and pixels[0] != pixels[1]
