from types import SimpleNamespace

import pytest
import torch

from semsynth.ops.similarity import by_class, choice, tiled

fused = pytest.importorskip('semsynth.ops.similarity.fused', exc_type=ImportError)


@pytest.fixture
def gpu(monkeypatch):
    """A card that kernels fit; what a test changes of it counts."""
    card = SimpleNamespace(capability=(9, 0), shared_memory_per_block_optin=232448, said=[])
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda device: card.capability)
    monkeypatch.setattr(torch.cuda, 'get_device_properties', lambda device: card)
    monkeypatch.setattr(fused, 'probe', lambda device: None)
    monkeypatch.setattr(choice, 'print_log', lambda words, logger: card.said.append(words))
    choice.obstacle.cache_clear()
    choice.say_once.cache_clear()
    yield card
    choice.obstacle.cache_clear()
    choice.say_once.cache_clear()


def probabilities(classes=35, pixels=4096, device='cuda', dtype=torch.float32):
    """Their shape and place, which is all that the choice reads."""
    return SimpleNamespace(shape=(2, classes, pixels), device=torch.device(device), dtype=dtype)


@pytest.mark.parametrize('precision', choice.PRECISIONS)
def test_a_cpu_has_its_own_way_and_no_words(gpu, precision):
    assert choice.evaluation(probabilities(device='cpu'), precision) is by_class.evaluate and not gpu.said


@pytest.mark.parametrize('precision', ['auto', 'tf32'])
def test_kernels_where_they_fit_and_the_log_says_it_once(gpu, precision):
    for _ in range(3):
        assert choice.evaluation(probabilities(), precision) is fused.evaluate
    words, = gpu.said
    assert 'fused kernels' in words and "precision='float32'" in words


def test_float32_takes_tiles(gpu):
    assert choice.evaluation(probabilities(), 'float32') is tiled.evaluate
    words, = gpu.said
    assert 'tiles in float32' in words and "precision='auto'" in words


@pytest.mark.parametrize('inputs', [dict(dtype=torch.float64), dict(pixels=100), dict(device='mps')], ids=str)
def test_inputs_that_are_not_for_kernels(gpu, inputs):
    assert choice.evaluation(probabilities(**inputs), 'auto') is tiled.evaluate and not gpu.said


@pytest.mark.parametrize(('capability', 'memory', 'classes', 'why'), [
    ((7, 5), 65536, 35, 'compute capability 8.0'), ((8, 0), 65536, 150, 'of shared memory, and this GPU has 65536'),
    ((9, 0), 232448, 255, 'at most 254 classes, and there are 255')])
def test_cards_and_sizes_that_kernels_do_not_fit(gpu, capability, memory, classes, why):
    gpu.capability, gpu.shared_memory_per_block_optin = capability, memory
    for _ in range(2):
        assert choice.evaluation(probabilities(classes), 'auto') is tiled.evaluate
    words, = gpu.said
    assert 'tiles in float32' in words and why in words


def test_without_triton(gpu, monkeypatch):
    monkeypatch.setattr(choice, 'find_spec', lambda name: None)
    assert choice.evaluation(probabilities(), 'auto') is tiled.evaluate and 'pip install triton' in gpu.said[0]


def test_where_triton_cannot_compile(gpu, monkeypatch):
    def probe(device):
        raise RuntimeError('Failed to find C compiler.')

    monkeypatch.setattr(fused, 'probe', probe)
    assert choice.evaluation(probabilities(), 'auto') is tiled.evaluate
    assert 'Triton does not work here (RuntimeError: Failed to find C compiler.)' in gpu.said[0]
