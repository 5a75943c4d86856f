import numpy as np
import pytest
import torch
from PIL import Image

from helpers.facts import facts
from helpers.paired import CLASSES, lazily
from semsynth.data import (
    CityscapesDataset,
    PairedFolderDataset,
    check_classes,
    check_dataset,
    quick_check,
)
from semsynth.errors import DataError


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
                'text.png cannot be read', 'small.png is 3x5 pixels, but',
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
    assert 'instances/train/a.png is 6x9 pixels, but' in problems[0]
    assert 'instances/train/c.png is empty (0 bytes): copy or download it again' in problems[1]


def test_quick_check(broken):
    with pytest.raises(DataError, match=facts(
            '1 of 10 label maps', 'no photo', 'problems more', 'semsynth check_dataset CONFIG')):
        quick_check(lazily(broken))


def test_quick_check_reads_headers_and_a_few_whole(scenes, write):
    path = scenes / 'images/train/a.jpg'
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(DataError, match=r'a\.jpg cannot be read'):
        quick_check(lazily(scenes))
    quick_check(lazily(scenes), whole=0)
    write(path, np.zeros((5, 10, 3), np.uint8))
    with pytest.raises(DataError, match=r'a\.jpg is 5x10 pixels, but .*a\.png is 6x10'):
        quick_check(lazily(scenes), whole=0)
    quick_check(lazily(scenes), headers=0, whole=0)


def test_training_needs_photos(cityscapes):
    for photo in (cityscapes / 'leftImg8bit').rglob('*.png'):
        photo.unlink()
    dataset = CityscapesDataset(str(cityscapes), 'train')
    with pytest.raises(DataError, match=facts('leftImg8bit/train', 'no photos', 'add them')):
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


def test_tool(scenes, check):
    config = scenes / 'config.py'
    config.write_text(
        "data_root = 'nowhere'\n"
        f"train_dataloader = dict(dataset=dict(type='PairedFolderDataset', data_root=data_root, split='train', "
        f'classes={CLASSES}))\n'
        'val_dataloader = train_dataloader\n')
    code, out = check(config)
    assert code == 1
    assert out.count('There is no folder nowhere') == 1  # both loaders read the same
    assert '0 scenes, 0 with a photo' in out and '0 with a photo;' not in out
    code, out = check(config, '--cfg-options', f'data_root={scenes}')
    assert code == 0
    assert '3 scenes, 3 with a photo; 6x10 (3)' in out
    assert 'no problems, no warnings' in out
    (scenes / 'labels/train/a.png').write_bytes(b'')
    code, out = check(config, '--split', 'val', '--cfg-options', f'data_root={scenes}')
    assert code == 1
    assert '1 problem' in out


@pytest.mark.parametrize(('model', 'name'), [
    (dict(data_preprocessor=dict(num_classes=3)), 'data_preprocessor'),
    (dict(decode_head=dict(num_classes=3)), 'decode_head'),
    (dict(decode_head=[dict(num_classes=4), dict(num_classes=3)]), 'decode_head[1]'),
    (dict(decode_head=dict(num_classes=4), auxiliary_head=dict(num_classes=3)), 'auxiliary_head')])
def test_models_of_less_classes_are_refused_without_reading_a_file(model, name):
    dataset = PairedFolderDataset('nowhere', 'train', CLASSES, lazy_init=True)
    with pytest.raises(ValueError, match=facts(
            f'{name}: num_classes=3', '4 classes', 'sky, road, car, nothing', 'set num_classes=4')):
        check_classes(dataset, model)
    part = model[name.partition('[')[0]]
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


def test_tool_compares_the_model_with_the_data(scenes, check):
    config = scenes / 'config.py'
    config.write_text(f"train_dataloader = dict(dataset=dict(type='PairedFolderDataset', data_root='{scenes}', "
                      f"split='train', classes={CLASSES}))\n"
                      'model = dict(data_preprocessor=dict(num_classes=3))\n')
    code, out = check(config)
    assert code == 1 and 'problem: model.data_preprocessor: num_classes=3, but the data set has 4 classes' in out
