import numpy as np
import pytest
from PIL import Image

from helpers.facts import facts
from helpers.masks import COLOURS, PALETTE, colour_masks, indexed, label, photo, save
from semsynth.data.importing import ImportOptions, MaskSource
from semsynth.data.importing.class_tables import class_table
from semsynth.errors import DataError

EXPECTED = [np.where(label(seed=seed) == 3, -1, label(seed=seed).astype(int)) for seed in range(3)]


def numbered(root, masks, table=None):
    """A source of masks of numbers; they may be pictures or arrays."""
    for number, mask in enumerate(masks):
        save(root / f'images/{number}.png', photo())
        save(root / f'masks/{number}.png', mask)
    return MaskSource(root, ImportOptions(classes=None if table is None else class_table(table)))


def test_masks_in_colours(tmp_path):
    source = MaskSource(colour_masks(tmp_path), ImportOptions())
    assert source.names == ['a', 'b', 'c'] and not source.has_instances
    assert source.classes == ['sky', 'road', 'car'] and source.palette == list(COLOURS.values())[:3]
    assert source.remarks == ['Void means no class: its pixels count as unknown.']
    for name, expected in zip(source.names, EXPECTED, strict=True):
        scene = source.scene(name)
        assert (scene.label == expected).all() and scene.instance is None and not scene.remarks
        assert scene.photo == tmp_path / f'images/{name}.jpg'


@pytest.mark.parametrize('kind', ['palette of the colours', 'transparent', 'lossy'])
def test_other_files_of_the_same_colours(tmp_path, kind):
    colour_masks(tmp_path)
    (tmp_path / 'masks/a.png').unlink()
    order = np.array([2, 0, 3, 1])  # of the palette: not that of the table
    if kind == 'palette of the colours':
        save(tmp_path / 'masks/a.png', indexed(np.argsort(order).astype(np.uint8)[label()], PALETTE[order]))
    elif kind == 'transparent':
        save(tmp_path / 'masks/a.png', np.dstack([PALETTE[label()], np.full((12, 16), 9, np.uint8)]))
    else:
        save(tmp_path / 'masks/a.jpg', PALETTE[label()], quality=100, subsampling=0)
    scene = MaskSource(tmp_path, ImportOptions()).scene('a')
    assert (scene.label == EXPECTED[0]).all() and all('differ from a class' in what for what in scene.remarks)


def test_smoothed_borders_and_strange_colours_are_told(tmp_path):
    colour_masks(tmp_path)
    mask = PALETTE[label()].copy()
    mask[0, 0], mask[0, 1] = (3, 0, 250), (64, 32, 192)
    save(tmp_path / 'masks/a.png', mask)
    scene = MaskSource(tmp_path, ImportOptions()).scene('a')
    assert scene.label[0, 0] == 0 and scene.label[0, 1] == -1 and sorted(scene.remarks.values()) == [1, 1]
    assert any('differ from a class' in what for what in scene.remarks) and any(
        '64 32 192' in what for what in scene.remarks)
    exact = MaskSource(tmp_path, ImportOptions(tolerance=0)).scene('a')
    assert (exact.label[0, :2] == -1).all() and len(exact.remarks) == 2


def test_numbers_without_names(tmp_path):
    numbers = np.array([3, 7, 255, 255], np.uint8)[label()]
    source = numbered(tmp_path, [numbers, np.full((12, 16), 7, np.uint8)])
    assert source.classes == ['class_3', 'class_7'] and source.palette is None
    assert (source.scene('0').label == np.where(numbers == 255, -1, numbers == 7)).all()


def test_palettes_give_colours(tmp_path):
    palette = np.random.default_rng(0).integers(0, 256, (256, 3))
    numbers = np.array([0, 2, 2, 255], np.uint8)[label()]
    source = numbered(tmp_path, [indexed(numbers, palette)])
    assert source.classes == ['class_0', 'class_2'] and source.palette == [tuple(palette[0]), tuple(palette[2])]
    assert (source.scene('0').label == np.where(numbers == 255, -1, numbers.astype(int) // 2)).all()


def test_numbers_with_names(tmp_path):
    numbers = np.array([0, 1, 2, 255], np.uint8)[label()]
    source = numbered(tmp_path, [numbers], ['sky', 'void', 'road'])
    assert source.classes == ['sky', 'road']
    assert (source.scene('0').label == np.array([0, -1, 1, -1])[label()]).all() and not source.scene('0').remarks


def test_numbers_of_a_file_of_classes_and_strangers(tmp_path):
    (tmp_path / '_classes.csv').write_text('Pixel Value, Class\n7, sky\n11, road\n')
    numbers = np.array([7, 11, 12, 300], np.uint16)[label()]
    source = numbered(tmp_path, [numbers])
    scene = source.scene('0')
    assert source.classes == ['sky', 'road'] and (scene.label == np.array([0, 1, -1, -1])[label()]).all()
    assert {what.split('number ')[1].split(',')[0]: count for what, count in scene.remarks.items()} == {
        '12': (numbers == 12).sum(), '300': (numbers == 300).sum()}


@pytest.mark.parametrize('mode', ['L', 'RGB', '1'])
def test_black_and_white(tmp_path, mode):
    white = label(classes=2)
    source = numbered(tmp_path, [Image.fromarray(white * 255).convert(mode)])
    assert (source.scene('0').label == white).all()
    assert source.classes == (['class_0', 'class_1'] if mode == '1' else ['background', 'foreground'])
    named = numbered(tmp_path, [Image.fromarray(white * 255).convert(mode)], ['street', 'car'])
    assert named.classes == ['street', 'car'] and (named.scene('0').label == white).all()


@pytest.mark.parametrize('mode', ['L', 'RGB'])
@pytest.mark.parametrize('white', [1, 255])
def test_gray_masks_hold_gray_colours_or_numbers(tmp_path, mode, white):
    """The table's order is not that of the colours, so that the two would be mistaken for each other."""
    numbers = label(classes=2)
    source = numbered(tmp_path, [Image.fromarray(numbers * white).convert(mode)],
                      {'building': (255, 255, 255), 'ground': (0, 0, 0)})
    assert (source.scene('0').label == (numbers if white == 1 else 1 - numbers)).all()


def test_a_black_mask_in_colours_is_black(tmp_path):
    colour_masks(tmp_path)
    save(tmp_path / 'masks/a.png', np.zeros((12, 16, 3), np.uint8))
    assert (MaskSource(tmp_path, ImportOptions()).scene('a').label == -1).all()


def test_objects_are_kept(tmp_path):
    root = colour_masks(tmp_path, ['a', 'b', 'c'])
    objects = np.array([0, 1, 300, 2])[label(seed=7)]
    save(root / 'instances/a.png', objects.astype(np.uint16))
    colours = np.array([(0, 0, 0), (1, 0, 0), (0, 9, 0), (224, 224, 192)], np.uint8)[label(seed=8)]
    save(root / 'instances/b.png', colours)
    numbers = np.array([0, 1, 2, 255], np.uint8)[label(seed=9)]
    save(root / 'instances/c.png', indexed(numbers, np.resize(PALETTE, (256, 3))))
    source = MaskSource(root, ImportOptions())
    assert source.has_instances and (source.scene('a').instance == objects).all()
    kinds = [source.scene('b').instance[label(seed=8) == kind] for kind in range(4)]
    assert (kinds[0] == 0).all() and (kinds[3] == 0).all()
    assert len(set(kinds[1])) == len(set(kinds[2])) == 1 and kinds[1][0] != kinds[2][0] and 0 not in kinds[1]
    assert (source.scene('c').instance == np.array([0, 1, 2, 0])[label(seed=9)]).all()


def test_what_is_refused(tmp_path):
    with pytest.raises(DataError, match=facts('file', 'no folder')):
        MaskSource(save(tmp_path / 'file.png', photo()), ImportOptions())
    root = colour_masks(tmp_path / 'colours', table=False)
    with pytest.raises(DataError, match=facts('masks/a.png', 'classes.txt', '--classes', '128 64 128 (', '%)')):
        MaskSource(root, ImportOptions())
    named = MaskSource(root, ImportOptions(classes=class_table(['sky', 'road', 'car'])))
    with pytest.raises(DataError, match=facts('masks/b.png', 'nothing says which classes')):
        named.scene('b')
    with pytest.raises(DataError, match=facts('Void', '--classes')):
        MaskSource(root, ImportOptions(classes=class_table({'Void': (0, 0, 0)})))
    (root / 'masks/a.png').unlink()
    save(root / 'masks/a.jpg', label())
    with pytest.raises(DataError, match=facts('masks/a.jpg', 'JPEG', '--classes', 'PNG')):
        MaskSource(root, ImportOptions())
    (root / 'masks/b.png').write_bytes(b'torn')
    with pytest.raises(DataError, match=r'masks/b\.png'):
        MaskSource(root, ImportOptions(classes=class_table(COLOURS))).scene('b')
    save(root / 'instances/c.png', np.zeros((8, 8), np.uint8))
    with pytest.raises(DataError, match=facts('masks/c.png', '12x16', 'instances/c.png', '8x8')):
        MaskSource(root, ImportOptions(classes=class_table(COLOURS))).scene('c')


def test_more_numbers_than_classes(tmp_path):
    with pytest.raises(DataError, match=facts('masks/0.png', '192 numbers', '--classes')):
        numbered(tmp_path / 'many', [np.arange(192, dtype=np.uint8).reshape(12, 16)])
    with pytest.raises(DataError, match=facts('masks/0.png', '0 numbers')):
        numbered(tmp_path / 'none', [np.full((12, 16), 255, np.uint8)])
