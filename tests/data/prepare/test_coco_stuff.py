import io
import re
import zipfile

import cv2
import numpy as np
import pytest
from matplotlib.path import Path as Outline
from PIL import Image

from helpers.downloads import COUNTS, rectangle
from helpers.facts import facts
from helpers.narrow import narrow
from semsynth.data import COCOStuffDataset, check_dataset
from semsynth.data.prepare import coco_stuff
from semsynth.data.prepare.coco_stuff import Thing, draw_instances
from semsynth.engine.launch import build_runner


@pytest.fixture
def download(coco_stuff_download):
    return coco_stuff_download


@pytest.mark.slow
def test_downloads_become_a_tree_that_trains(download, prepare, tmp_path):
    code, out, err = prepare('coco_stuff', download)
    assert (code, err) == (0, '') and '3 train, 2 val' in out
    for split, count in COUNTS['coco_stuff'].items():
        report = check_dataset(COCOStuffDataset(str(tmp_path / 'out'), split))
        assert (report.problems, report.scenes, report.photos) == ([], count, count)
    with zipfile.ZipFile(download / 'val2017.zip') as archive:
        assert (tmp_path / 'out/images/val/000000000012.jpg').read_bytes() == archive.read('val2017/000000000012.jpg')
    label, instance = (np.asarray(Image.open(tmp_path / f'out/{kind}/train/000000000009.png')).astype(int)
                       for kind in ('labels', 'instances'))
    expected = label.copy()
    expected[10:20, 10:25] = 256
    expected[10:20, 25:30] = expected[10:20, 34:40] = 257
    # pixels right at an outline may go either way
    np.testing.assert_array_equal(np.delete(instance, [24, 25, 30, 33], 1), np.delete(expected, [24, 25, 30, 33], 1))
    other = np.asarray(Image.open(tmp_path / 'out/instances/train/000000000010.png'))
    np.testing.assert_array_equal(other, np.asarray(Image.open(tmp_path / 'out/labels/train/000000000010.png')))
    runner = build_runner(narrow('configs/oasis/oasis_coco_stuff.py', tmp_path / 'out'), work_dir=tmp_path / 'run')
    runner.train()
    assert runner.iter == 1


def test_what_is_there_is_skipped_and_unpacked_downloads_do_too(download, prepare, tmp_path):
    prepare('coco_stuff', download)
    files = {path: path.read_bytes() for path in (tmp_path / 'out').rglob('*.*')}
    gone = tmp_path / 'out/instances/train/000000000009.png'
    gone.unlink()
    times = {path: path.stat().st_mtime_ns for path in files if path.stem != gone.stem}
    for name, place in dict(train2017='', val2017='val2017', stuffthingmaps_trainval2017='stuffthingmaps',
                            annotations_trainval2017='').items():
        with zipfile.ZipFile(download / f'{name}.zip') as archive:
            archive.extractall(download / place)
        (download / f'{name}.zip').unlink()
    assert prepare('coco_stuff', download)[0] == 0
    assert {path: path.read_bytes() for path in (tmp_path / 'out').rglob('*.*')} == files
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_objects_keep_to_their_outlines_and_class():
    dice = np.random.default_rng(1)
    ids = dice.choice(np.array([17, 156], np.uint8), (60, 70))
    angles = np.sort(dice.uniform(0, 2 * np.pi, 9))
    outline = 30 + dice.uniform(5, 25, 9)[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    instance = draw_instances(ids, [Thing(1, 17, [outline.astype(np.float32)])])
    assert instance.dtype == np.uint16 and set(np.unique(instance)) == {17, 156, 256}
    centres = np.stack(np.meshgrid(np.arange(70) + 0.5, np.arange(60) + 0.5), -1).reshape(-1, 2)
    inside = Outline(outline).contains_points(centres).reshape(60, 70)
    near = np.zeros((60, 70), np.uint8)
    cv2.polylines(near, [outline.astype(int)], True, 1, thickness=4)
    drawn = instance == 256
    assert (drawn <= (ids == 17)).all()  # no pixel of another class
    assert (drawn == (inside & (ids == 17)))[near == 0].all() and (inside & (near == 0)).sum() > 100


def test_later_objects_of_a_class_win():
    both = [Thing(1, 17, [np.array(rectangle(0, 0, right, 4), np.float32).reshape(4, 2)]) for right in (8, 4)]
    instance = draw_instances(np.full((4, 8), 17, np.uint8), both)
    assert instance[:, 0].tolist() == [257] * 4 and instance[:, 7].tolist() == [256] * 4


def rewrite(path, change):
    """Write an archive anew, with ``change(name, content)`` for each member; None leaves it out."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old, zipfile.ZipFile(path, 'w') as new:
        for name in old.namelist():
            if (content := change(name, old.read(name))) is not None:
                new.writestr(name, content)


def test_what_is_wrong_is_told(download, told, monkeypatch, tmp_path):
    [sentence] = told('coco_stuff', 'nowhere')
    assert re.search(facts('nowhere/stuffthingmaps_trainval2017.zip', 'nowhere/stuffthingmaps_trainval2017.'), sentence)
    labels, annotations = (download / f'{name}_trainval2017.zip' for name in ('stuffthingmaps', 'annotations'))
    whole = annotations.read_bytes()
    annotations.write_bytes(whole[:50])
    assert 'annotations_trainval2017.zip is no whole zip archive' in told('coco_stuff', download)[0]
    annotations.write_bytes(whole)
    for content, complaint in ((b'{"annotations": [', 'JSONDecodeError'), (b'{"images": []}', 'KeyError'),
                               (b'[1]', 'TypeError')):
        rewrite(annotations, lambda name, old, content=content: content)
        [sentence] = told('coco_stuff', download)
        assert sentence.startswith(f'instances_train2017.json holds no annotations ({complaint}')
    rewrite(annotations, lambda name, old: None)
    [sentence] = told('coco_stuff', download)
    assert re.search(facts(download, 'annotations/instances_train2017.json', 'annotations_trainval2017.zip'), sentence)
    annotations.write_bytes(whole)

    rewrite(labels, lambda name, old: None if name.endswith('09.png') else old[:60] if '10.png' in name else old)
    first, second = told('coco_stuff', download)
    assert re.match(facts('train2017/000000000009', 'no label map', 'download or unpack'), first)
    assert re.match(r'train2017/000000000010\.png cannot be read, it is truncated or no image', second)
    assert sorted(path.stem[-2:] for path in (tmp_path / 'out/labels').rglob('*.png')) == ['11', '12', '13']

    monkeypatch.setattr(coco_stuff, 'OFFICIAL', dict(train=9, val=2))
    rewrite(labels, lambda name, old: None if '10.png' in name else old)
    rewrite(download / 'train2017.zip', lambda name, old: old if '11.jpg' in name else None)
    [sentence] = told('coco_stuff', download)
    assert re.search(facts('1 scenes for train', ' 9'), sentence)


def test_the_tree_is_checked_once_it_is_written(download, told):
    strange = cv2.imencode('.png', np.full((40, 59), 200, np.uint8))[1].tobytes()
    rewrite(download / 'stuffthingmaps_trainval2017.zip', lambda name, old: strange if '09.png' in name else old)
    [sentence] = told('coco_stuff', download)
    assert '000000000009.png (1 of 3 label maps) holds the id 200, but the data set has 183 classes' in sentence
