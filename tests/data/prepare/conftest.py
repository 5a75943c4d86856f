"""Small downloads of the official shape, and the tools that make trees of them."""

import itertools
import json
import zipfile

import numpy as np
import pytest
import scipy.io

from helpers.downloads import COUNTS, encoded, rectangle
from semsynth.data.prepare import ade20k, coco_stuff, helen, nyu


@pytest.fixture
def prepare(run_tool, monkeypatch, tmp_path):
    """Run a tool, for which so many scenes are official; its status, output and errors."""
    for module, name in ((ade20k, 'ade20k'), (coco_stuff, 'coco_stuff'), (helen, 'helen'), (nyu, 'nyu')):
        monkeypatch.setattr(module, 'OFFICIAL', COUNTS[name])
    return lambda name, source: run_tool(f'prepare/{name}', source, '--out', tmp_path / 'out')


@pytest.fixture
def told(prepare):
    """Run a tool that refuses: what it says, a line a problem."""
    def run(*arguments):
        code, _, err = prepare(*arguments)
        assert code == 1 and err.startswith('error: ')
        return err.removeprefix('error: ').splitlines()

    return run


@pytest.fixture
def dice():
    return np.random.default_rng(0)


@pytest.fixture
def ade20k_download(tmp_path, dice):
    path = tmp_path / 'ADEChallengeData2016.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('ADEChallengeData2016/objectInfo150.txt', 'Idx Ratio Train Val Name')
        for split, prefix, count in (('training', 'train', 3), ('validation', 'val', 2)):
            for number in range(count):
                shape, name = (40 + 5 * number, 60), f'ADE_{prefix}_{number:08d}'
                archive.writestr(f'ADEChallengeData2016/images/{split}/{name}.jpg',
                                 encoded(dice.integers(0, 256, (*shape, 3), np.uint8), '.jpg'))
                archive.writestr(f'ADEChallengeData2016/annotations/{split}/{name}.png',
                                 encoded(dice.integers(0, 151, shape, np.uint8)))
    return path


@pytest.fixture
def helen_download(tmp_path, dice, write):
    folder = tmp_path / 'SmithCVPR2013_dataset_resized'
    for file, names in dict(exemplars=['10_1', '11_2'], tuning=['12_1'], testing=['13_1', '14_1']).items():
        write(folder / f'{file}.txt', ''.join(f'{place} , {name}\n' for place, name in enumerate(names)).encode())
        for number, name in enumerate(names):
            size = 50 + number, 40
            write(folder / f'images/{name}.jpg', dice.integers(0, 256, (*size, 3), np.uint8))
            for part in range(11):
                write(folder / f'labels/{name}/{name}_lbl{part:02d}.png', dice.integers(0, 256, size, np.uint8))
    return folder


@pytest.fixture
def nyu_download(tmp_path, dice):
    h5py = pytest.importorskip('h5py')
    folder = tmp_path / 'nyu_download'
    folder.mkdir()
    with h5py.File(folder / nyu.LABELLED, 'w') as arrays:  # with MATLAB's axes, reversed
        coarse = dice.integers(0, 895, (3, 40, 30)).astype(np.uint16)
        arrays['labels'] = np.kron(coarse, np.ones((1, 16, 16), np.uint16))
        arrays['instances'] = np.kron(dice.integers(1, 4, (3, 40, 30)).astype(np.uint8), np.ones((1, 16, 16), np.uint8))
        arrays.create_dataset('images', (3, 3, 640, 480), np.uint8, chunks=(1, 3, 640, 480), fletcher32=True)
        arrays['images'][:] = 255
        arrays['images'][:, :, 40:601, 44:471] = dice.integers(0, 200, (3, 3, 561, 427), np.uint8)
    scipy.io.savemat(folder / nyu.SPLITS, dict(trainNdxs=np.array([[1], [3]]), testNdxs=np.array([[2]])))
    scipy.io.savemat(folder / nyu.MAPPING, dict(mapClass=dice.integers(1, 41, (1, 894))))
    return folder


@pytest.fixture
def coco_stuff_download(tmp_path, dice):
    """The official archives, of five pictures; the first has two objects and a crowd."""
    folder = tmp_path / 'coco'
    folder.mkdir()
    archives = {name: zipfile.ZipFile(folder / f'{name}.zip', 'w', zipfile.ZIP_DEFLATED) for name in (
        'train2017', 'val2017', 'stuffthingmaps_trainval2017', 'annotations_trainval2017')}
    number = itertools.count(9)
    for split, count in COUNTS['coco_stuff'].items():
        annotations = []
        for picture in itertools.islice(number, count):
            shape, name = (40, 50 + picture), f'{split}2017/{picture:012d}'
            ids = np.full(shape, 156, np.uint8)  # sky-other
            ids[:, :9] = 255
            ids[10:20, 10:40] = 17  # dog
            ids[30:, 10:40] = 0  # person
            archives[f'{split}2017'].writestr(
                f'{name}.jpg', encoded(dice.integers(0, 256, (*shape, 3), np.uint8), '.jpg'))
            archives['stuffthingmaps_trainval2017'].writestr(f'{name}.png', encoded(ids))
            annotations += [] if picture != 9 else [
                dict(image_id=9, category_id=18, iscrowd=0, segmentation=[rectangle(10, 10, 25, 20)]),
                dict(image_id=9, category_id=1, iscrowd=1, segmentation=dict(counts=[5, 3], size=list(shape))),
                dict(image_id=9, category_id=18, iscrowd=0,
                     segmentation=[rectangle(25, 10, 30, 25), rectangle(34, 10, 40, 20)])]
        archives['annotations_trainval2017'].writestr(f'annotations/instances_{split}2017.json', json.dumps(dict(
            info=dict(year=2017), images=[], annotations=annotations, categories=[dict(id=1, name='person')])))
    for archive in archives.values():
        archive.close()
    return folder


@pytest.fixture
def download(request):
    return lambda name: request.getfixturevalue(f'{name}_download')
