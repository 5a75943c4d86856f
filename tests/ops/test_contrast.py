import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from helpers.eq_5 import eq_5
from helpers.facts import facts
from semsynth.losses import contrastive_loss
from semsynth.ops import contrast, tiled_contrastive

KINDS = torch.tensor([0, 1, 2, 0, -1, 1, 1, 0, 3, -1, 0])  # 2 and 3 are alone: no anchors, but negatives
PAST_KINDS = torch.tensor([0, 2, -1, 2, 5, 1, -1])  # of 2 nothing is past but what is here; 5 is not here


def pixels(count=11, channels=4, dtype=torch.float64):
    return torch.randn(count, channels, dtype=dtype).requires_grad_()


def past(count=7, channels=4, dtype=torch.float64):
    return F.normalize(torch.randn(count, channels, dtype=dtype), dim=1)


def gradient(loss, embeddings):
    return torch.autograd.grad(3 * loss, embeddings)[0]


@pytest.mark.parametrize('tile', [(1, 1), (2, 3), (4, 5), (512, 1024)], ids=str)
@pytest.mark.parametrize('with_past', [False, True], ids=['batch', 'memory'])
def test_is_eq_5_whatever_the_tiles(monkeypatch, tile, with_past):
    monkeypatch.setitem(contrast.TILE, 'cpu', tile)
    embeddings, memory = pixels(), (past(), PAST_KINDS) if with_past else ()
    loss, expected = (function(embeddings, KINDS, 0.1, *memory) for function in (tiled_contrastive, eq_5))
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(gradient(loss, embeddings), gradient(expected, embeddings), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize('tile', [(8, 16), (13, 11), (512, 1024)], ids=str)
@pytest.mark.parametrize('classes', [1, 2, 19, 183])
def test_is_the_plain_function(monkeypatch, tile, classes):
    monkeypatch.setitem(contrast.TILE, 'cpu', tile)
    embeddings, kinds = pixels(157, 8), torch.randint(-1, classes, (157,))
    memory = past(2 * classes, 8), torch.arange(-1, classes - 1).repeat(2)
    for arguments in ((embeddings, kinds, 0.1), (embeddings, kinds, 0.1, *memory)):
        loss, expected = tiled_contrastive(*arguments), contrastive_loss(*arguments)
        torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(gradient(loss, embeddings), gradient(expected, embeddings), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize('with_past', [False, True], ids=['batch', 'memory'])
def test_gradcheck(monkeypatch, with_past):
    monkeypatch.setitem(contrast.TILE, 'cpu', (2, 2))
    memory = (past(), PAST_KINDS) if with_past else ()
    assert gradcheck(lambda x: tiled_contrastive(x, torch.tensor([0, 1, 0, -1, 1, 2]), 0.1, *memory), pixels(6))


@pytest.mark.parametrize('classes', [[], [-1, -1, -1], [0, 1, 2], [0, -1, -1], [0, 0, 0]],
                         ids=['no pixels', 'none', 'all alone', 'one pixel', 'no negatives'])
def test_nothing_to_contrast_gives_0_attached_to_the_graph(classes):
    embeddings = pixels(len(classes), dtype=torch.float32)
    loss = tiled_contrastive(embeddings, torch.tensor(classes, dtype=torch.long), 0.1)
    loss.backward()
    assert loss == 0 and (embeddings.grad == 0).all()


def test_an_empty_memory_is_none():
    embeddings = pixels()
    assert tiled_contrastive(embeddings, KINDS, 0.1, past(), torch.full((7,), -1)) == tiled_contrastive(
        embeddings, KINDS, 0.1)


def test_one_class_and_its_opposite_in_memory():
    embeddings, kinds = pixels(5), torch.zeros(5, dtype=torch.long)
    memory = past(1), torch.tensor([1])
    loss, expected = (function(embeddings, kinds, 0.1, *memory) for function in (tiled_contrastive, eq_5))
    assert loss > 0
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient(loss, embeddings), gradient(expected, embeddings))


def test_a_zero_embedding_is_finite():
    embeddings = torch.zeros(4, 3, requires_grad=True)
    loss = tiled_contrastive(embeddings, torch.tensor([0, 0, 1, 1]), 0.1)
    loss.backward()
    assert loss.isfinite() and embeddings.grad.isfinite().all()


@pytest.mark.parametrize('temperature', [0.003, 0.01, 0.029, 0.03, 0.07, 0.5, 10])
@pytest.mark.parametrize('spread', [0.1, 1])
def test_float32_keeps_loss_and_gradient_at_any_temperature(temperature, spread):
    embeddings, kinds = torch.ones(60, 8) + spread * torch.randn(60, 8), torch.randint(0, 5, (60,))
    # Those of classes 5 and 6 are on opposite sides, with one of the other beside each: the largest costs.
    embeddings = torch.cat([embeddings, torch.eye(8)[[0, 0, 0, 0]] * torch.tensor([[1], [-1], [2], [-2]])])
    embeddings[-2:, 1], kinds = 1e-3, torch.cat([kinds, torch.tensor([5, 5, 6, 6])])
    ours, wide = embeddings.requires_grad_(), embeddings.detach().double().requires_grad_()
    loss, expected = tiled_contrastive(ours, kinds, temperature), contrastive_loss(wide, kinds, temperature)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6 * (1 + 1 / temperature))
    slope, expected_slope = gradient(loss, ours).double(), gradient(expected, wide)
    assert (slope - expected_slope).norm() <= 1e-5 * (1 + 1 / temperature) * expected_slope.norm()


def test_well_separated_pixels_keep_their_small_losses():
    """Where exp(-20) is below float32's rounding of 1: the loss is 1 - 1 to a logarithm of a rounded ratio."""
    embeddings, kinds = torch.tensor([[1., 0], [1, 0], [-1, 0], [-1, 0]]), torch.tensor([0, 0, 1, 1])
    expected = torch.log1p(2 * torch.tensor(-20.).double().exp()).item()
    assert tiled_contrastive(embeddings, kinds, 0.1).item() == pytest.approx(expected, rel=1e-5)


def test_half_precision_and_autocast_are_widened():
    embeddings = pixels(dtype=torch.float32).detach().bfloat16().requires_grad_()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = tiled_contrastive(embeddings, KINDS, 0.1)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, tiled_contrastive(embeddings.float(), KINDS, 0.1), rtol=0, atol=0)
    assert gradient(loss, embeddings).dtype == torch.bfloat16


def test_the_gradient_has_none_of_its_own_and_says_so():
    embeddings = pixels()
    slope, = torch.autograd.grad(tiled_contrastive(embeddings, KINDS, 0.1), embeddings, create_graph=True)
    with pytest.raises(RuntimeError, match='This gradient has none of its own'):
        slope.square().sum().backward()


def test_without_gradient():
    embeddings = pixels()
    with torch.no_grad():
        loss = tiled_contrastive(embeddings, KINDS, 0.1)
    assert not loss.requires_grad and loss == tiled_contrastive(embeddings, KINDS, 0.1)


def test_a_temperature_too_low_for_floats():
    with pytest.raises(ValueError, match=facts('temperature=0.001', '0.003 or more')):
        tiled_contrastive(pixels(), KINDS, 0.001)


class Largest(TorchDispatchMode):
    """How many elements the largest tensor has that any operation makes."""

    elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        self.elements = max([self.elements, *(tensor.numel() for tensor in tree_leaves(made)
                                              if isinstance(tensor, torch.Tensor))])
        return made


def test_there_is_no_matrix_of_all_pairs(monkeypatch):
    monkeypatch.setitem(contrast.TILE, 'cpu', (16, 16))
    embeddings, kinds = pixels(200), torch.randint(0, 4, (200,))
    with Largest() as largest:
        tiled_contrastive(embeddings, kinds, 0.1, past(), PAST_KINDS).backward()
    assert largest.elements == 207 * 4  # the pixels themselves


@pytest.mark.gpu
def test_on_a_gpu_it_is_the_same(monkeypatch):
    embeddings, kinds = pixels(157, 8, torch.float32), torch.randint(-1, 19, (157,))
    memory = past(38, 8, torch.float32), torch.arange(19).repeat(2)
    loss = tiled_contrastive(embeddings, kinds, 0.1, *memory)
    monkeypatch.setitem(contrast.TILE, 'cuda', (13, 11))
    on_gpu = embeddings.detach().cuda().requires_grad_()
    result = tiled_contrastive(on_gpu, kinds.cuda(), 0.1, *(part.cuda() for part in memory))
    torch.testing.assert_close(result.cpu(), loss)
    torch.testing.assert_close(gradient(result, on_gpu).cpu(), gradient(loss, embeddings))
