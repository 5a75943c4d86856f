"""COCO-Stuff: its classes are the official ones, and its downloads become a tree that checks out and trains."""

import io
import itertools
import json
import re
import runpy
import sys
import zipfile

import cv2
import numpy as np
import pytest
from matplotlib.path import Path as Outline
from mmengine.dataset import pseudo_collate
from mmseg.datasets import COCOStuffDataset as SegmentorCOCOStuff
from PIL import Image

from helpers.narrow import ROOT, make_scenes, narrow
from semsynth.data import CLASS_MAPS, COCOStuffDataset, DataError, LayoutPreprocessor, check_dataset
from semsynth.data.prepare import coco_stuff
from semsynth.data.prepare.coco_stuff import Thing, draw_instances
from semsynth.engine.launch import build_runner

# The official labels.txt, from 1; label maps hold one less.
LABELS = """
person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,street sign,stop sign,
parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,hat,backpack,umbrella,shoe,eye glasses,
handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,
tennis racket,bottle,plate,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,
pizza,donut,cake,chair,couch,potted plant,bed,mirror,dining table,window,desk,toilet,door,tv,laptop,mouse,remote,
keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,blender,book,clock,vase,scissors,teddy bear,hair drier,
toothbrush,hair brush,banner,blanket,branch,bridge,building-other,bush,cabinet,cage,cardboard,carpet,ceiling-other,
ceiling-tile,cloth,clothes,clouds,counter,cupboard,curtain,desk-stuff,dirt,door-stuff,fence,floor-marble,floor-other,
floor-stone,floor-tile,floor-wood,flower,fog,food-other,fruit,furniture-other,grass,gravel,ground-other,hill,house,
leaves,light,mat,metal,mirror-stuff,moss,mountain,mud,napkin,net,paper,pavement,pillow,plant-other,plastic,platform,
playingfield,railing,railroad,river,road,rock,roof,rug,salad,sand,sea,shelf,sky-other,skyscraper,snow,solid-other,
stairs,stone,straw,structural-other,table,tent,textile-other,towel,tree,vegetable,wall-brick,wall-concrete,wall-other,
wall-panel,wall-stone,wall-tile,wall-wood,water-other,waterdrops,window-blind,window-other,wood""".replace('\n', '')
COUNTS = dict(train=3, val=2)


@pytest.fixture
def dataset(tmp_path, pipeline):
    return COCOStuffDataset(str(make_scenes('coco_stuff', tmp_path)), 'train', pipeline=pipeline)


def test_classes_are_the_official_ones(dataset):
    meta = dataset.metainfo
    assert meta['classes'] == (*LABELS.split(','), 'unknown')
    assert (meta['num_classes'], meta['unknown']) == (183, 182)
    things = [meta['classes'][index] for index in meta['things']]
    assert things == list(SegmentorCOCOStuff.METAINFO['classes'][:80])
    assert len({tuple(colour) for colour in meta['palette']}) == 183
    assert meta['palette'][:3] == [[128, 0, 0], [0, 128, 0], [128, 128, 0]] and meta['palette'][182] == [0, 0, 0]


def test_the_class_map_leads_to_mmsegs_names(dataset):
    names, table = dataset.metainfo['classes'], CLASS_MAPS['coco_stuff_183_to_171']
    mapped = {index: entry for index, entry in enumerate(table) if entry != 255}
    assert {index: SegmentorCOCOStuff.METAINFO['classes'][entry] for index, entry in mapped.items()} == {
        index: names[index] for index in mapped}
    assert list(mapped.values()) == list(range(171))
    assert [names[index] for index in range(183) if index not in mapped] == [
        'street sign', 'hat', 'shoe', 'eye glasses', 'plate', 'mirror', 'window', 'desk', 'door', 'blender',
        'hair brush', 'unknown']


def test_ids(dataset, tmp_path, write, pipeline):
    assert set(dataset[0]['inputs']) == {'label', 'instance', 'image'}
    assert 'instance' not in COCOStuffDataset(str(tmp_path), 'train', pipeline=pipeline, instances=False)[0]['inputs']
    write(tmp_path / 'labels/train/a.png', np.array([[0, 11, 181, 255]], np.uint8))
    for kind in ('images', 'instances'):
        write(tmp_path / f'{kind}/train/a{".jpg" if kind == "images" else ".png"}', np.zeros((1, 4), np.uint8))
    assert dataset[0]['inputs']['label'].tolist() == [[0, 11, 181, 182]]
    write(tmp_path / 'labels/train/a.png', np.array([[0, 182]], np.uint8))
    with pytest.raises(DataError, match=r'a\.png holds the id 182, but the data set has 183 classes and knows the ids '
                                        r'0\.\.181, 255: '):
        dataset[0]
    with pytest.raises(DataError, match=r'COCO_STUFF_ROOT; `python tools/prepare/coco_stuff\.py` makes them'):
        COCOStuffDataset('data/none', 'val')


@pytest.mark.slow
@pytest.mark.parametrize(('split', 'count'), [('train', 13), ('val', 8)])
def test_the_real_sample(split, count, real_data, pipeline):
    root = real_data / 'coco_stuff_sample'
    dataset = COCOStuffDataset(str(root), split, pipeline=pipeline)
    segmentor = COCOStuffDataset(str(root), split, pipeline=pipeline[:2], class_map='coco_stuff_183_to_171')
    preprocessor = LayoutPreprocessor(183, unknown=182, instances=True)
    assert len(dataset) == count and segmentor.metainfo['classes'] == SegmentorCOCOStuff.METAINFO['classes']
    table = np.array([*CLASS_MAPS['coco_stuff_183_to_171'], *[255] * 73])
    table_of_files = np.where(np.arange(256) == 255, 255, table)
    for place, sample in enumerate(dataset):
        name = sample['sample']['name']
        ids, objects = (np.asarray(Image.open(root / f'{kind}/{split}/{name}.png')).astype(int)
                        for kind in ('labels', 'instances'))
        photo = np.asarray(Image.open(root / f'images/{split}/{name}.jpg'))
        np.testing.assert_array_equal(sample['inputs']['image'], photo.transpose(2, 0, 1))
        np.testing.assert_array_equal(sample['inputs']['label'], np.where(ids == 255, 182, ids))
        np.testing.assert_array_equal(sample['inputs']['instance'], objects)
        np.testing.assert_array_equal(segmentor[place]['gt_seg_map'], table_of_files[ids])
        if place > 1:  # the 184 channels of the others take seconds
            continue
        condition = preprocessor(pseudo_collate([sample]))['layout'].condition[0].numpy()
        assert condition.shape == (184, *ids.shape)
        np.testing.assert_array_equal(condition[:183].sum((1, 2)), np.bincount(np.where(ids == 255, 182, ids).ravel(),
                                                                             minlength=183))
        padded = np.pad(objects, 1, mode='edge')
        boundary = sum(padded[1 + dy:padded.shape[0] - 1 + dy, 1 + dx:padded.shape[1] - 1 + dx] != objects
                       for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0))) > 0
        np.testing.assert_array_equal(condition[183], boundary)
    assert check_dataset(dataset).problems == []


@pytest.mark.slow
@pytest.mark.parametrize('method', ['spade', 'ecgan'])
def test_the_real_sample_trains(method, real_data, tmp_path):
    config = narrow(f'configs/{method}/{method}_coco_stuff.py', real_data / 'coco_stuff_sample',
                    **{'train_cfg.max_iters': 2})
    runner = build_runner(config, work_dir=tmp_path)
    runner.train()
    assert runner.iter == 2 and all(value.isfinite().all() for value in runner.model.state_dict().values())


def rectangle(left, top, right, bottom):
    return [left, top, right, top, right, bottom, left, bottom]


@pytest.fixture
def download(tmp_path):
    """The official archives, of five pictures; the first has two objects and a crowd."""
    dice, folder = np.random.default_rng(0), tmp_path / 'coco'
    folder.mkdir()
    archives = {name: zipfile.ZipFile(folder / f'{name}.zip', 'w', zipfile.ZIP_DEFLATED) for name in (
        'train2017', 'val2017', 'stuffthingmaps_trainval2017', 'annotations_trainval2017')}
    number = itertools.count(9)
    for split, count in COUNTS.items():
        annotations = []
        for picture in itertools.islice(number, count):
            shape, name = (40, 50 + picture), f'{split}2017/{picture:012d}'
            ids = np.full(shape, 156, np.uint8)  # sky-other
            ids[:, :9] = 255
            ids[10:20, 10:40] = 17  # dog
            ids[30:, 10:40] = 0  # person
            archives[f'{split}2017'].writestr(
                f'{name}.jpg', cv2.imencode('.jpg', dice.integers(0, 256, (*shape, 3), np.uint8))[1].tobytes())
            archives['stuffthingmaps_trainval2017'].writestr(f'{name}.png', cv2.imencode('.png', ids)[1].tobytes())
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
def prepare(monkeypatch, capsys, tmp_path):
    """Run the tool; its status, output and errors."""
    monkeypatch.setattr(coco_stuff, 'OFFICIAL', COUNTS)

    def run(source):
        monkeypatch.setattr(sys, 'argv', ['prepare', str(source), '--out', str(tmp_path / 'out')])
        capsys.readouterr()
        code = 0
        try:
            runpy.run_path(str(ROOT / 'tools/prepare/coco_stuff.py'), run_name='__main__')
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def told(prepare):
    """Run the tool, which refuses: what it says, a line a problem."""
    def run(source):
        code, _, err = prepare(source)
        assert code == 1 and err.startswith('error: ')
        return err.removeprefix('error: ').splitlines()
    return run


@pytest.mark.slow
def test_downloads_become_a_tree_that_trains(download, prepare, tmp_path):
    code, out, err = prepare(download)
    assert (code, err) == (0, '') and '3 train, 2 val' in out
    for split, count in COUNTS.items():
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
    prepare(download)
    files = {path: path.read_bytes() for path in (tmp_path / 'out').rglob('*.*')}
    gone = tmp_path / 'out/instances/train/000000000009.png'
    gone.unlink()
    times = {path: path.stat().st_mtime_ns for path in files if path.stem != gone.stem}
    for name, place in dict(train2017='', val2017='val2017', stuffthingmaps_trainval2017='stuffthingmaps',
                            annotations_trainval2017='').items():
        with zipfile.ZipFile(download / f'{name}.zip') as archive:
            archive.extractall(download / place)
        (download / f'{name}.zip').unlink()
    assert prepare(download)[0] == 0
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


def test_help_fits_a_screen(monkeypatch, capsys):
    monkeypatch.setenv('COLUMNS', '100')
    monkeypatch.setattr(sys, 'argv', ['prepare', '--help'])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / 'tools/prepare/coco_stuff.py'), run_name='__main__')
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 30 and max(map(len, lines)) <= 100


def rewrite(path, change):
    """Write an archive anew, with ``change(name, content)`` for each member; None leaves it out."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old, zipfile.ZipFile(path, 'w') as new:
        for name in old.namelist():
            if (content := change(name, old.read(name))) is not None:
                new.writestr(name, content)


def test_what_is_wrong_is_told(download, told, monkeypatch, tmp_path):
    [sentence] = told('nowhere')
    assert sentence == ('There is no nowhere/stuffthingmaps_trainval2017.zip: download it there, or unpack it into '
                        'nowhere/stuffthingmaps_trainval2017.')
    labels, annotations = (download / f'{name}_trainval2017.zip' for name in ('stuffthingmaps', 'annotations'))
    whole = annotations.read_bytes()
    annotations.write_bytes(whole[:50])
    assert 'annotations_trainval2017.zip is no whole zip archive' in told(download)[0]
    annotations.write_bytes(whole)
    for content, complaint in ((b'{"annotations": [', 'JSONDecodeError'), (b'{"images": []}', 'KeyError'),
                               (b'[1]', 'TypeError')):
        rewrite(annotations, lambda name, old, content=content: content)
        [sentence] = told(download)
        assert sentence.startswith(f'instances_train2017.json holds no annotations ({complaint}')
    rewrite(annotations, lambda name, old: None)
    assert told(download) == [f'{download} holds no annotations/instances_train2017.json: download '
                              'annotations_trainval2017.zip again.']
    annotations.write_bytes(whole)

    rewrite(labels, lambda name, old: None if name.endswith('09.png') else old[:60] if '10.png' in name else old)
    first, second = told(download)
    assert first == ('train2017/000000000009 has no label map in the downloads: download or unpack them again.')
    assert re.match(r'train2017/000000000010\.png cannot be read, it is truncated or no image', second)
    assert sorted(path.stem[-2:] for path in (tmp_path / 'out/labels').rglob('*.png')) == ['11', '12', '13']

    monkeypatch.setattr(coco_stuff, 'OFFICIAL', dict(train=9, val=2))
    rewrite(labels, lambda name, old: None if '10.png' in name else old)
    rewrite(download / 'train2017.zip', lambda name, old: old if '11.jpg' in name else None)
    [sentence] = told(download)
    assert re.fullmatch(r'\S+ has 1 scenes for train, but the official download has 9: .* run this again\.', sentence)


def test_the_tree_is_checked_once_it_is_written(download, told):
    strange = cv2.imencode('.png', np.full((40, 59), 200, np.uint8))[1].tobytes()
    rewrite(download / 'stuffthingmaps_trainval2017.zip', lambda name, old: strange if '09.png' in name else old)
    [sentence] = told(download)
    assert '000000000009.png (1 of 3 label maps) holds the id 200, but the data set has 183 classes' in sentence
