"""From shapes that people drew to a folder that trains."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from semsynth.apis import import_data
from semsynth.config import load_config
from semsynth.data import check_dataset
from semsynth.data.importing import SOURCES
from semsynth.registry import DATASETS


@pytest.fixture
def archive(tmp_path):
    """labelme's files of four photos, as a zip archive: a car, as far to the right as the number says, on a road."""
    path = tmp_path / 'export.zip'
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(tmp_path / 'photo.jpg')
    with zipfile.ZipFile(path, 'w') as file:
        for number in range(4):
            shapes = [dict(label=name, shape_type='rectangle', points=points) for name, points in (
                ('road', [[0, 10], [29, 19]]), ('car', [[number, 12], [number + 3, 14]]))]
            annotations = dict(shapes=shapes, imagePath=f'{number}.jpg', imageHeight=20, imageWidth=30, imageData=None)
            file.writestr(f'set/{number}.json', json.dumps(annotations))
            file.write(tmp_path / 'photo.jpg', f'set/{number}.jpg')
    return path


def test_an_archive_of_shapes_becomes_a_data_set(archive, tmp_path):
    imported = import_data(archive, tmp_path / 'out')
    assert imported.format == 'labelme' and imported.classes == ['car', 'road', 'background']
    assert imported.unknown is None and not imported.remarks
    assert imported.contents.pixels.tolist() == [4 * 12, 4 * (300 - 12), 4 * 300, 0]
    data = load_config(imported.config).train_dataloader.dataset
    report = check_dataset(DATASETS.build(data))
    assert not report.problems and report.scenes == 3
    name = next((tmp_path / 'out/labels/train').glob('*.png'))
    ids, objects = np.asarray(Image.open(name)), np.asarray(Image.open(tmp_path / f'out/instances/train/{name.name}'))
    label = np.full((20, 30), 2)
    label[10:] = 1
    label[12:15, int(name.stem):int(name.stem) + 4] = 0
    np.testing.assert_array_equal(ids, label)
    assert [len(np.unique(objects[label == index])) for index in range(3)] == [1, 1, 1] and len(np.unique(objects)) == 3


def covered(path, last):
    """labelme's files of two photos whose every pixel is in a shape; and of the last one all but some rows."""
    path.mkdir()
    for number in range(3):
        Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(path / f'{number}.jpg')
        rows = last if number == 2 else 20
        shapes = [dict(label=name, shape_type='rectangle', points=points) for name, points in (
            ('sky', [[0, 0], [30, 10]]), ('road', [[0, 10], [30, rows]]))]
        (path / f'{number}.json').write_text(json.dumps(dict(
            shapes=shapes, imagePath=f'{number}.jpg', imageHeight=20, imageWidth=30, imageData=None)))
    return path


def test_a_background_without_any_pixel_is_left_out(tmp_path):
    imported = import_data(covered(tmp_path / 'export', 20), tmp_path / 'out')
    assert imported.classes == ['road', 'sky'] and imported.unknown is None
    assert imported.contents.pixels.tolist() == [900, 900, 0] and imported.contents.scenes.tolist() == [3, 3, 0]
    assert imported.remarks == ['Left out, because every pixel is in a shape: the class background.']
    config = load_config(imported.config)
    assert config.num_classes == 2 and len(config.palette) == 2 and config.unknown is None
    report = check_dataset(DATASETS.build(config.train_dataloader.dataset))
    assert not report.problems and not report.warnings()
    named = import_data(tmp_path / 'export', tmp_path / 'named', classes=['sky', 'road', 'background'])
    assert named.classes == ['sky', 'road', 'background'] and not named.remarks


def test_a_background_with_some_pixels_stays(tmp_path):
    imported = import_data(covered(tmp_path / 'export', 15), tmp_path / 'out')
    assert imported.classes == ['road', 'sky', 'background'] and not imported.remarks
    assert imported.contents.pixels[2] > 0


def test_formats_have_names_of_their_own():
    assert len({source.format for source in SOURCES}) == len(SOURCES)
    assert all(source.summary and source.takes for source in SOURCES)
