"""Ids in label maps that the data set does not know: the message names settings that make them right."""

import re

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger
from PIL import Image

from helpers.paired import CLASSES, lazily
from semsynth.data import PairedFolderDataset, check_dataset, quick_check
from semsynth.errors import DataError


def named(text, *settings):
    """The values of the settings that a message names."""
    return {setting: eval(re.search(rf'\b{setting}=(\{{.*?\}}|\(.*?\)|\[.*?\]|\w+)', text)[1]) for setting in settings}


@pytest.fixture
def labelled(tmp_path, write):
    """Makes a training set of these label maps."""
    def make(*labels, split='train'):
        for number, label in enumerate(labels):
            content = label if isinstance(label, bytes) else np.array(label)
            name = f'{split}/{number}.{"tif" if getattr(content, "dtype", None) == np.int32 else "png"}'
            shape = np.array(label).shape if not isinstance(label, bytes) else (2, 2)
            write(tmp_path / 'labels' / name, content)
            write(tmp_path / f'images/{split}/{number}.png', np.zeros((*shape, 3), np.uint8))
        return tmp_path
    return make


def ids(*numbers, dtype=np.uint8):
    return np.array([numbers], dtype)


def test_what_is_wrong_with_many_files_is_said_once(labelled):
    root = labelled(ids(0, 1), ids(2, 77), ids(1, 77), ids(200, 2), ids(3, 3))
    report = check_dataset(lazily(root))
    [problem] = report.problems
    assert re.search(r'labels/train/1\.png, \S*2\.png, \S*3\.png \(3 of 5 label maps\) hold the ids 77, 200, but the '
                     r'data set has 4 classes and knows the ids 0\.\.3', problem)
    assert report.id_pixels == {0: 1, 1: 2, 2: 2, 3: 2, 77: 2, 200: 1}
    assert [report.ids_of(index) for index in range(4)] == [[0], [1], [2], [3]]
    for path in (root / 'images/train').iterdir():
        path.write_bytes(b'')
    problems = check_dataset(lazily(root)).problems
    assert len(problems) == 2
    assert re.search(r'images/train/0\.png is empty \(0 bytes\): .* 4 more likewise \(1, 2, 3 and 1 more\)\.$',
                     problems[0])


@pytest.mark.parametrize(('strangers', 'dtype'), [((255,), np.uint8), ((77, 200), np.uint8), ((-9999,), np.int32),
                                                  ((65535, 9), np.uint16)])
@pytest.mark.parametrize('unknown', [3, None])
def test_ids_that_mean_no_class_go_where_the_message_says(labelled, pipeline, strangers, dtype, unknown):
    root = labelled(ids(0, 1, 2, *strangers, dtype=dtype), ids(2, 1, 0, 0, dtype=dtype))
    [problem] = check_dataset(lazily(root, unknown=unknown)).problems
    settings = named(problem, 'unknown_ids')
    settings['unknown'] = named(problem, 'unknown')['unknown'] if unknown is None else unknown
    assert ('with one name more in classes for what is unknown' in problem) == (unknown is None)
    classes = [*CLASSES, 'void'] if unknown is None else CLASSES
    dataset = PairedFolderDataset(str(root), 'train', classes, pipeline=pipeline, **settings)
    assert check_dataset(dataset).problems == []
    assert dataset[0]['inputs']['label'].tolist() == [[0, 1, 2, *[settings['unknown']] * len(strangers)]]


def test_ids_that_are_classes_go_where_the_message_says(labelled, pipeline):
    root = labelled(ids(0, 1), ids(4, 7))
    [problem] = check_dataset(lazily(root)).problems
    assert 'if they are classes, name them in classes, and where ids are not the indices, set id_map={id: index, ...' \
        in problem
    dataset = PairedFolderDataset(str(root), 'train', [*CLASSES, 'tree', 'pole'], pipeline=pipeline,
                                  id_map={0: 0, 1: 1, 4: 4, 7: 5})
    assert check_dataset(dataset).problems == []
    assert dataset[1]['inputs']['label'].tolist() == [[4, 5]]


def test_masks_of_0_and_255_are_two_classes_where_the_message_says(labelled, pipeline):
    root = labelled(ids(0, 255), ids(0, 1) > 0)
    [problem] = check_dataset(PairedFolderDataset(str(root), 'train', ['ground', 'object'])).problems
    assert 'holds the id 255, but the data set has 2 classes' in problem and 'masks of black and white, set ' in problem
    dataset = PairedFolderDataset(str(root), 'train', ['ground', 'object'], pipeline=pipeline,
                                  **named(problem, 'id_map'))
    mended = check_dataset(dataset)
    assert (mended.problems, mended.warnings()) == ([], [])
    assert [dataset[i]['inputs']['label'].tolist() for i in range(2)] == [[[0, 1]], [[0, 1]]]


def test_no_data_of_unsigned_32_bits(tmp_path, write):
    cv2.imwrite(str(write(tmp_path / 'labels/train/a.tif', b'')), np.array([[0, 2**32 - 1]], np.uint32))
    [problem] = check_dataset(lazily(tmp_path, unknown=3)).problems
    assert named(problem, 'unknown_ids') == dict(unknown_ids=(2**32 - 1,))
    assert check_dataset(lazily(tmp_path, unknown=3, unknown_ids=(2**32 - 1,))).pixels.tolist() == [1, 0, 0, 1]


def test_so_many_other_ids_are_no_classes(labelled):
    smooth = np.arange(60, dtype=np.uint8).reshape(5, 12)
    root = labelled(smooth)
    [problem] = check_dataset(lazily(root, unknown=3)).problems
    assert 'holds the ids 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 46 more' in problem
    assert problem.endswith('so many others come from colours, from other data than ids, or from resizing that mixes '
                            'neighbours; make the label map again, resized by nearest neighbour.')


def test_masks_of_0_and_255_are_warned_of(labelled, pipeline):
    root = labelled(ids(0, 255, 255, 0), ids(0, 1, 0, 0) > 0, ids(255, 0, 0, 0))
    two = dict(unknown=1, unknown_ids=(255,))
    report = check_dataset(PairedFolderDataset(str(root), 'train', ['ground', 'nothing'], **two))
    assert report.problems == []
    [warning] = report.warnings()
    assert warning.startswith('Only the class ground occurs in the 3 label maps read, and all else, 33.3% of '
                              'the pixels, is unknown (nothing, the ids 1, 255). If that is a class of its own, such '
                              'as the foreground of a mask, set ')
    settings = named(warning, 'classes', 'unknown', 'id_map', 'unknown_ids')
    dataset = PairedFolderDataset(str(root), 'train', pipeline=pipeline, **settings)
    mended = check_dataset(dataset)
    assert (mended.problems, mended.warnings()) == ([], [])
    assert [dataset[i]['inputs']['label'].tolist() for i in range(3)] == [
        [[0, 1, 1, 0]], [[0, 1, 0, 0]], [[1, 0, 0, 0]]]


@pytest.mark.parametrize(('label', 'arguments', 'start'), [
    (ids(3, 3), dict(unknown=3), 'No class occurs in the 1 label map read, and all else, 100.0% of the '
     'pixels, is unknown (nothing, the id 3): check the ids in the label maps.'),
    (ids(1, 1), dict(unknown=3), 'Only the class road occurs in the 1 label map read, so that there is '
     'nothing to tell apart: check the ids in the label maps.'),
    (ids(1, 1), {}, 'Only the class road occurs in the 1 label map read, so that there is nothing to tell')])
def test_one_class_alone_is_warned_of(labelled, label, arguments, start):
    *_, warning = check_dataset(lazily(labelled(label), **arguments)).warnings()
    assert warning.startswith(start)


def test_classes_that_never_occur_are_warned_of(labelled):
    report = check_dataset(lazily(labelled(ids(0, 1), ids(1, 0)), unknown=3))
    assert report.problems == [] and report.warnings() == [
        '1 of 3 classes occur in no label map (car): nothing is learnt of them, and scores leave them out.']


def palette_png(ids, colours):
    image = Image.fromarray(ids, 'P')
    image.putpalette(np.array(colours, np.uint8).ravel().tolist())
    return image


RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def test_palettes_that_contradict_one_another(labelled, tmp_path):
    root = labelled(ids(0, 1, 2), ids(0, 1, 2), ids(0, 1, 2))
    palette_png(ids(0, 1, 2), [RED, GREEN, BLUE]).save(root / 'labels/train/0.png')
    palette_png(ids(0, 2, 2), [GREEN, RED, BLUE]).save(root / 'labels/train/1.png')
    [problem] = check_dataset(lazily(root)).problems
    assert re.search(r'The palettes of label maps differ: the colour \(0, 200, 0\) is the id 1 in \S*/0\.png, but 0 in '
                     r'\S*/1\.png: save all with one palette, or the ids themselves as gray PNG\.', problem)
    with pytest.raises(DataError, match='The palettes of label maps differ'):
        quick_check(lazily(root))
    palette_png(ids(1, 2, 2), [RED, GREEN, BLUE]).save(root / 'labels/train/1.png')  # one palette
    assert check_dataset(lazily(root)).problems == []
    palette_png(ids(0, 2, 2), [GREEN, RED, BLUE]).save(root / 'labels/train/1.png')
    for path in (root / 'labels/train').iterdir():  # gray
        Image.fromarray(np.array(Image.open(path))).save(path)
    assert check_dataset(lazily(root)).problems == []


def test_palettes_that_differ_in_colours_alone_are_no_matter(labelled):
    root = labelled(ids(0, 1, 2), ids(0, 1, 1))
    palette_png(ids(0, 1, 2), [RED, GREEN, BLUE]).save(root / 'labels/train/0.png')
    palette_png(ids(0, 1, 1), [(1, 1, 1), (2, 2, 2), RED]).save(root / 'labels/train/1.png')  # its red is not used
    assert check_dataset(lazily(root)).problems == []
    palette_png(ids(0, 1, 1), [BLUE, BLUE, RED]).save(root / 'labels/train/1.png')  # one colour for two ids
    assert check_dataset(lazily(root)).problems == []


def test_quick_check_reads_label_maps_as_far_as_it_may(labelled):
    root = labelled(*[ids(0, 1, 2, 3)] * 30, ids(0, 1, 2, 77), *[ids(0, 1, 2, 3)] * 30)
    with pytest.raises(DataError, match=r'30\.png \(1 of 61 label maps\) holds the id 77'):
        quick_check(lazily(root), whole=1)
    quick_check(lazily(root), whole=2, label_pixels=16)  # every 20th


def test_quick_check_warns_of_one_class(labelled, capture_log):
    root = labelled(ids(0, 255), ids(255, 0))
    quick_check(lazily(root, unknown=3, unknown_ids=(255,)))
    assert 'Only the class sky occurs in the 2 label maps read' in capture_log.text


@pytest.fixture
def capture_log(caplog):
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)
