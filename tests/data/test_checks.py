import re
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from PIL import Image

from semsynth.data import (
    CityscapesDataset,
    DataError,
    PairedFolderDataset,
    check_classes,
    check_dataset,
    quick_check,
)

CLASSES = ['sky', 'road', 'car', 'nothing']
TOOL = Path(__file__).parents[2] / 'tools' / 'check_dataset.py'


def lazily(root, **kwargs):
    return PairedFolderDataset(str(root), 'train', CLASSES, lazy_init=True, **kwargs)


def test_a_sound_data_set(scenes):
    dataset = lazily(scenes, instances=True)
    report = check_dataset(dataset)
    assert report.problems == []
    assert (report.scenes, report.photos, report.sizes) == (3, 3, {(6, 10): 3})
    labels = [np.asarray(Image.open(path)) for path in sorted((scenes / 'labels').rglob('*.png'))]
    assert report.pixels.tolist() == [sum(int((label == i).sum()) for label in labels) for i in range(4)]
    assert report.images.tolist() == [sum(bool((label == i).any()) for label in labels) for i in range(4)]
    quick_check(dataset)


@pytest.fixture
def broken(scenes, write):
    """Every kind of problem, one file each."""
    def add(name, photo=(6, 10), label=None):
        noise = np.random.default_rng(0).integers(0, 256, (*photo, 3), np.uint8)
        write(scenes / f'images/train/{name}.png', noise)
        write(scenes / f'instances/train/{name}.png', np.zeros((6, 10), np.uint16))
        return write(scenes / f'labels/train/{name}.png', np.zeros((6, 10), np.uint8) if label is None else label)

    photo = add('cut') and scenes / 'images/train/cut.png'
    photo.write_bytes(photo.read_bytes()[:-60])
    add('text').write_bytes(b'no picture')
    add('small', photo=(3, 5))
    add('range', label=np.full((6, 10), 77, np.uint8))
    add('colours', label=np.zeros((6, 10, 3), np.uint8))
    jpeg = add('lossy')
    Image.fromarray(np.zeros((6, 10), np.uint8)).save(jpeg, 'JPEG')
    write(scenes / 'labels/train/alone.png', np.zeros((6, 10), np.uint8))
    write(scenes / 'images/train/spare.png', np.zeros((6, 10, 3), np.uint8))
    return scenes


def test_every_problem_is_reported(broken):
    report = check_dataset(lazily(broken))
    expected = ['label maps have no photo in', 'photos have no label map in', 'cut.png cannot be read',
                'text.png cannot be read', 'small.png is 5x3 pixels, but',
                'range.png (1 of 6 label maps) holds the id 77', 'colours.png has 3 channels that are equal',
                'lossy.png is a JPEG']
    for part in expected:
        assert [part in problem for problem in report.problems].count(True) == 1, part
    assert len(report.problems) == len(expected)
    assert report.scenes == 9
    assert report.sizes == {(6, 10): 6}  # the label maps of a, b, c, cut, small and range can be read


def test_instances_are_checked(scenes, write):
    write(scenes / 'instances/train/a.png', np.zeros((6, 9), np.uint16))
    (scenes / 'instances/train/c.png').write_bytes(b'')
    problems = check_dataset(lazily(scenes, instances=True)).problems
    assert len(problems) == 2
    assert 'instances/train/a.png is 9x6 pixels, but' in problems[0]
    assert 'instances/train/c.png is empty (0 bytes): copy or download it again' in problems[1]


def test_quick_check(broken):
    with pytest.raises(DataError, match=r'1 of 10 label maps have no photo.* And \d problems more\. `python '
                                        r'tools/check_dataset\.py CONFIG` checks every file'):
        quick_check(lazily(broken))


def test_quick_check_reads_headers_and_a_few_whole(scenes, write):
    path = scenes / 'images/train/a.jpg'
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(DataError, match=r'a\.jpg cannot be read'):
        quick_check(lazily(scenes))
    quick_check(lazily(scenes), whole=0)
    write(path, np.zeros((5, 10, 3), np.uint8))
    with pytest.raises(DataError, match=r'a\.jpg is 10x5 pixels, but .*a\.png is 10x6'):
        quick_check(lazily(scenes), whole=0)
    quick_check(lazily(scenes), headers=0, whole=0)


def test_training_needs_photos(cityscapes):
    for photo in (cityscapes / 'leftImg8bit').rglob('*.png'):
        photo.unlink()
    dataset = CityscapesDataset(str(cityscapes), 'train')
    with pytest.raises(DataError, match=r'leftImg8bit/train holds no photos, and training needs them: add them, or'):
        quick_check(dataset)
    quick_check(CityscapesDataset(str(cityscapes), 'train', test_mode=True))


def test_other_data_sets_are_left_alone():
    quick_check(torch.utils.data.TensorDataset(torch.zeros(1)))


def test_files_are_counted_as_they_are_under_a_class_map(scenes, pipeline):
    dataset = PairedFolderDataset(str(scenes), 'train', CLASSES, class_map=[255, 0, 0, 1], pipeline=pipeline,
                                  lazy_init=True)
    report = check_dataset(dataset)
    assert len(dataset.metainfo['classes']) == 2
    assert list(report.classes) == list(CLASSES) and not report.problems
    assert report.pixels.sum() == 3 * 6 * 10


def run_tool(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, 'argv', ['check_dataset.py', *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(TOOL), run_name='__main__')
    return int(stop.value.code or 0), ' '.join(capsys.readouterr().out.split())


def test_tool(scenes, monkeypatch, capsys):
    config = scenes / 'config.py'
    config.write_text(
        "data_root = 'nowhere'\n"
        f"train_dataloader = dict(dataset=dict(type='PairedFolderDataset', data_root=data_root, split='train', "
        f'classes={CLASSES}))\n'
        'val_dataloader = train_dataloader\n')
    code, out = run_tool(monkeypatch, capsys, config)
    assert code == 1
    assert out.count('There is no folder nowhere') == 1  # both loaders read the same
    code, out = run_tool(monkeypatch, capsys, config, '--cfg-options', f'data_root={scenes}')
    assert code == 0
    assert '3 scenes, 3 with a photo; 10x6 (3)' in out
    assert 'no problems, no warnings' in out
    (scenes / 'labels/train/a.png').write_bytes(b'')
    code, out = run_tool(monkeypatch, capsys, config, '--split', 'val', '--cfg-options', f'data_root={scenes}')
    assert code == 1
    assert '1 problem' in out


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


@pytest.mark.parametrize(('model', 'name'), [
    (dict(data_preprocessor=dict(num_classes=3)), 'data_preprocessor'),
    (dict(decode_head=dict(num_classes=3)), 'decode_head'),
    (dict(decode_head=[dict(num_classes=4), dict(num_classes=3)]), r'decode_head\[1\]'),
    (dict(decode_head=dict(num_classes=4), auxiliary_head=dict(num_classes=3)), 'auxiliary_head')])
def test_models_of_less_classes_are_refused_without_reading_a_file(model, name):
    dataset = PairedFolderDataset('nowhere', 'train', CLASSES, lazy_init=True)
    with pytest.raises(ValueError, match=rf'model\.{name}: num_classes=3, but the data set has 4 classes \(sky, road, '
                                         r'car, nothing\): set num_classes=4\.'):
        check_classes(dataset, model)
    part = model[name.partition('\\')[0]]
    for each in part if isinstance(part, list) else [part]:
        each['num_classes'] = 4
    check_classes(dataset, model)
    check_classes(dataset, dict(data_preprocessor=dict(num_classes=5)))
    check_classes(dataset, dict(data_preprocessor=None))
    check_classes(torch.utils.data.TensorDataset(torch.zeros(1)), model)


def test_segmentors_need_a_class_for_each_of_theirs():
    dataset = PairedFolderDataset('nowhere', 'train', CLASSES, unknown=3, class_map='identity', lazy_init=True,
                                  pipeline=[dict(type='LoadLabel')])
    check_classes(dataset, dict(decode_head=dict(num_classes=3)))
    with pytest.raises(ValueError, match=r'num_classes=2, but the data set has 3 classes \(sky, road, car\)'):
        check_classes(dataset, dict(decode_head=dict(num_classes=2)))


def test_tool_compares_the_model_with_the_data(scenes, monkeypatch, capsys):
    config = scenes / 'config.py'
    config.write_text(f"train_dataloader = dict(dataset=dict(type='PairedFolderDataset', data_root='{scenes}', "
                      f"split='train', classes={CLASSES}))\n"
                      'model = dict(data_preprocessor=dict(num_classes=3))\n')
    code, out = run_tool(monkeypatch, capsys, config)
    assert code == 1 and 'problem: model.data_preprocessor: num_classes=3, but the data set has 4 classes' in out
