import numpy as np
import pytest
import torch

from semsynth.visualise import colour_labels, default_palette, picture_grid


def test_colours_of_labels():
    label = np.array([[0, 1], [255, 1]])
    expected = [[[1, 2, 3], [4, 5, 6]], [[0, 0, 0], [4, 5, 6]]]
    assert colour_labels(label, [[1, 2, 3], [4, 5, 6]]).tolist() == expected
    assert colour_labels(torch.from_numpy(label), [[1, 2, 3], [4, 5, 6]]).tolist() == expected


def test_default_palette_tells_classes_apart():
    palette = default_palette(183)
    assert len(set(palette)) == 183
    coloured = colour_labels(np.array([[0, 7, 255]]))
    assert coloured.tolist() == [[list(palette[0]), list(palette[7]), [0, 0, 0]]]


def test_grid():
    red = torch.zeros(3, 4, 6, dtype=torch.uint8)
    red[0] = 255
    small = torch.full((3, 2, 2), 9, dtype=torch.uint8)
    grid = picture_grid([[torch.zeros(4, 6, dtype=torch.long), red], [None, small]], ['label', 'image'], [[1, 2, 3]])
    top = grid.shape[0] - 2 * (4 + 4)
    assert grid.shape == (top + 16, 4 + 2 * (6 + 4), 3)
    assert (grid[top:top + 4, 4:10] == [1, 2, 3]).all()
    assert (grid[top:top + 4, 14:20] == [255, 0, 0]).all()
    assert (grid[top + 8:top + 12, 4:10] == 255).all()  # a gap
    assert (grid[top + 8:top + 10, 14:16] == 9).all()
    assert (grid[:top, :, 0] < 255).any()  # captions


def test_captions_stay_in_their_columns():
    gaps = [[np.full((3, 9, 60), 255, np.uint8)] * 2]
    captioned = lambda *captions: (picture_grid(gaps, captions) < 255).any(2)
    long, short = captioned('a title that is wider than its column', ''), captioned('a title', '')
    assert short[:, :64].any() and (long[:, :64] != short[:, :64]).any() and not long[:, 64:].any()


def test_grid_errors():
    with pytest.raises(ValueError, match='a row has 1 pictures, but there are 2 captions'):
        picture_grid([[None]], ['a', 'b'])
    with pytest.raises(ValueError, match=r'not \(3, 2, 2\) float32'):
        picture_grid([[np.zeros((3, 2, 2), np.float32)]], ['a'])
