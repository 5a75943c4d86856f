"""COCO-Stuff: its classes are the official ones, and its downloads become a tree that checks out and trains."""


import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from mmseg.datasets import COCOStuffDataset as SegmentorCOCOStuff
from PIL import Image

from helpers.facts import facts
from helpers.narrow import make_scenes, narrow
from semsynth.data import COCOStuffDataset, LayoutPreprocessor, check_dataset
from semsynth.engine.launch import build_runner
from semsynth.errors import DataError
from semsynth.label_spaces import CLASS_MAPS

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
    with pytest.raises(DataError, match=facts('a.png', 'the id 182', '183 classes', '0..181, 255')):
        dataset[0]
    with pytest.raises(DataError, match=r'COCO_STUFF_ROOT; `semsynth prepare coco_stuff` makes them'):
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
