from importlib import import_module

import numpy as np
import pytest
import torch
from PIL import Image

from semsynth.studies.benchmark.similarity import (
    TILES,
    in_tiles,
    plain_similarity_loss,
    products_alone,
    similarity,
)


def test_versions_agree_but_for_the_estimate(tmp_path):
    Image.fromarray(np.array([[0, 33001], [2, 5]], np.uint16)).save(tmp_path / 'ids.png')
    groups = similarity('cpu', [(9, 7), (4, 5)], [3, 20], [tmp_path / 'ids.png'],
                        ['fast', 'plain', 'auto', 'sampled'])
    assert [len(group) for group in groups] == [4] * 4
    assert [group[0].columns['pixels'] for group in groups] == [63, 63, 20, 20]
    for group in groups:
        assert group[0].columns['label map'] == 'ids'
        first, *others = (version.make()() for version in group)  # 1023 partners are all that there are
        for other in others:
            torch.testing.assert_close(other, first, rtol=1e-3, atol=1e-6)


def test_blocks_are_drawn_where_there_is_no_map():
    (group,) = similarity('cpu', [(16, 32)], [5])
    assert [version.columns['version'] for version in group] == ['fast', 'plain']
    assert group[0].columns['label map'] == 'blocks' and {version.result for version in group} == {'all pairs'}


def test_the_plain_version_is_eq_3():
    # two pixels of different classes: q_00 = .82, q_11 = .68, q_01 = .26
    probs = torch.tensor([[0.9, 0.2], [0.1, 0.8]], dtype=torch.float64).view(1, 2, 1, 2)
    q = torch.tensor([.82, .68, 1 - .26, 1 - .26], dtype=torch.float64)
    torch.testing.assert_close(plain_similarity_loss(probs, torch.tensor([[[0, 1]]])), -q.log().mean())


def test_a_version_that_there_is_not():
    with pytest.raises(ValueError, match=r"versions=\['slow'\], but there are only fast, plain, auto, sampled"):
        similarity('cpu', [(4, 5)], [3], versions=['slow'])


def test_tiles_are_for_a_gpu():
    with pytest.raises(ValueError, match=r"versions=\['64x64x4x3'\] are tiles of kernels for a GPU.* is cpu"):
        similarity('cpu', [(4, 5)], [3], versions=['fast', '64x64x4x3'])


def test_a_tile_s_loss_has_the_kernels_gradient():
    pytest.importorskip('triton')
    logits, label = torch.randn(1, 4, 9, 10, requires_grad=True), torch.randint(0, 4, (1, 9, 10))
    ours = in_tiles(logits.softmax(1), label, TILES['64x32x8x3'])
    expected = plain_similarity_loss(logits.softmax(1), label)
    torch.testing.assert_close(ours, expected, rtol=1e-3, atol=0)
    slope, expected = (torch.autograd.grad(loss, logits)[0] for loss in (ours, expected))
    assert (slope - expected).norm() < 1e-2 * expected.norm()


def test_products_alone_take_each_pair_once_and_its_gradients(monkeypatch):
    made, case = [], import_module('semsynth.studies.benchmark.similarity')  # not the function of that name
    monkeypatch.setattr(case, 'CPU_TILE', (2, 3))
    monkeypatch.setattr(case, 'product', lambda a, b: made.append((a.shape[1], len(a) * len(b))) or a @ b.T)
    (group,) = similarity('cpu', [(1, 7)], [4], versions=['products'])
    assert group[0].make()() == [] and products_alone(torch.rand(1, 4, 1, 7)) == []
    pairs = 2 * 7 + 2 * 5 + 2 * 3 + 1  # tiles of two rows, from the diagonal on
    assert sum(size for depth, size in made if depth == 5) == 2 * pairs
    assert sum(size * depth for depth, size in made if depth != 5) == 2 * 2 * 5 * pairs
