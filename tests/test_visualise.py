import numpy as np
import pytest
import torch

from semsynth.visualise import classes_in, colour_labels, default_palette, palette_of, picture_grid


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


def test_classes_that_everybody_knows_have_the_colours_that_everybody_knows():
    names = ['lamp', 'Sky', 'road', 'tree', 'vegetation', 'traffic_light', 'person', 'car', 'background', 'mug', 'car']
    palette = palette_of(names)
    known = {'Sky': (70, 130, 180), 'road': (128, 64, 128), 'tree': (107, 142, 35), 'traffic_light': (250, 170, 30),
             'person': (220, 20, 60), 'car': (0, 0, 142), 'background': (0, 0, 0)}
    assert {name: palette[names.index(name)] for name in known} == known
    assert len(set(palette)) == len(names)
    others = [colour for colour in palette if colour not in known.values()]  # the second car's, too
    assert all(max(abs(np.subtract(one, other))) >= 30 for one in others for other in known.values())
    assert palette_of(names) == palette


@pytest.mark.parametrize('count', [0, 1, 183, 2000])
def test_names_that_nobody_knows_have_the_colour_of_their_index(count):
    palette = palette_of([f'kind {index}' for index in range(count)])
    assert palette[:100] == default_palette(min(count, 100)) and len(palette) == count
    assert len(set(palette_of([f'kind {index}' for index in range(100)] + ['sky', 'car']))) == 102


def test_grid():
    red = torch.zeros(3, 4, 300, dtype=torch.uint8)
    red[0] = 255
    small = torch.full((3, 2, 2), 9, dtype=torch.uint8)
    grid = picture_grid([[torch.zeros(4, 300, dtype=torch.long), red], [None, small]], ['label', 'image'], [[1, 2, 3]])
    top = grid.shape[0] - 2 * (4 + 4)
    assert grid.shape == (top + 16, 4 + 2 * (300 + 4), 3)
    assert (grid[top:top + 4, 4:304] == [1, 2, 3]).all()
    assert (grid[top:top + 4, 308:608] == [255, 0, 0]).all()
    assert (grid[top + 8:top + 12, 4:304] == 255).all()  # a gap
    assert (grid[top + 8:top + 10, 308:310] == 9).all()
    assert (grid[:top, :, 0] < 255).any()  # captions


@pytest.mark.parametrize(('width', 'factor'), [(100, 3), (128, 2), (255, 2), (256, 1)])
def test_narrow_pictures_are_enlarged_by_a_whole_factor(width, factor):
    picture = np.random.default_rng(0).integers(0, 255, (3, 5, width), dtype=np.uint8)
    grid = picture_grid([[picture]], ['x'])
    expected = picture.repeat(factor, 1).repeat(factor, 2).transpose(1, 2, 0)
    assert np.array_equal(grid[-4 - 5 * factor:-4, 4:-4], expected)


def test_classes_that_occur_are_named_below():
    label = np.array([[0, 2], [2, 255]])
    palette = [[10, 20, 30], [1, 2, 3], [200, 100, 50]]
    plain, named = (picture_grid([[label, None]], ['a', 'b'], palette, classes)
                    for classes in (None, ['road', 'sky', 'car']))
    assert np.array_equal(named[:len(plain)], plain)
    colours = {tuple(colour) for colour in named[len(plain):].reshape(-1, 3).tolist()}
    assert {(10, 20, 30), (200, 100, 50)} <= colours and (1, 2, 3) not in colours
    assert classes_in([label, np.array([[1]])], 3) == [0, 1, 2] and classes_in([], 3) == []
    image = np.zeros((3, 4, 4), np.uint8)
    assert picture_grid([[image]], ['a'], classes=['road']).shape == picture_grid([[image]], ['a']).shape


def test_a_legend_is_broken_into_lines():
    label = np.arange(40)[None].repeat(2, 0)
    few, many = (picture_grid([[label]], ['a'], classes=[f'class {index}' for index in range(count)])
                 for count in (2, 40))
    assert many.shape[1] == few.shape[1] and many.shape[0] > few.shape[0] + 100


def test_captions_stay_in_their_columns():
    gaps = [[np.full((3, 9, 260), 255, np.uint8)] * 2]
    captioned = lambda *captions: (picture_grid(gaps, captions) < 255).any(2)
    long, short = captioned('a title that is much wider than its column', ''), captioned('a title', '')
    assert short[:, :264].any() and not short[:, 264:].any() and not long[:, 264:].any()
    assert len(long) > len(short), 'in as many lines as it asks for'
    word = captioned('an_even_wider_title_without_any_space_in_it', '')
    assert len(word) == len(short) and not word[:, 264:].any(), 'a word is cut'


def test_grid_errors():
    with pytest.raises(ValueError, match='a row has 1 pictures, but there are 2 captions'):
        picture_grid([[None]], ['a', 'b'])
    with pytest.raises(ValueError, match=r'not \(3, 2, 2\) float32'):
        picture_grid([[np.zeros((3, 2, 2), np.float32)]], ['a'])
