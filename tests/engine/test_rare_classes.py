"""Scenes with rare classes come more often: statistics against a plain computation, one stream for all ranks."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import distributed

from helpers.facts import facts
from helpers.narrow import make_scenes, narrow
from helpers.ranks import run_ranks
from helpers.toy_run import assert_equal
from semsynth.apis import train
from semsynth.data import PairedFolderDataset
from semsynth.engine import RareClassSampler
from semsynth.engine import sampler as module
from semsynth.engine.same_run import OF_A_PLACE
from semsynth.registry import DATA_SAMPLERS
from semsynth.writing import write_png

CLASSES = ('sky', 'road', 'pole', 'never', 'none')
# pixels of each class in each scene, of 1000
PIXELS = [(500, 500, 0, 0, 0), (900, 0, 0, 0, 100), (400, 590, 10, 0, 0), (999, 0, 1, 0, 0), (0, 0, 0, 0, 1000)]


@pytest.fixture
def dataset(tmp_path):
    for number, counts in enumerate(PIXELS):
        label = np.repeat(np.arange(5, dtype=np.uint8), counts).reshape(20, 50)
        for folder, picture in (('labels', label), ('images', np.zeros((20, 50, 3), np.uint8))):
            (tmp_path / folder / 'train').mkdir(parents=True, exist_ok=True)
            write_png(tmp_path / folder / f'train/{number}.png', picture)
    return PairedFolderDataset(str(tmp_path), 'train', classes=CLASSES, palette=[[0, 0, 0]] * 5, unknown=4)


@pytest.fixture
def build(dataset, tmp_path):
    def build(**settings):
        return RareClassSampler(dataset, **dict(seed=3, statistics=str(tmp_path / 'pixels')) | settings)
    return build


def take(sampler, count):
    return list(itertools.islice(sampler, count))


def plain_chances(temperature):
    """Of each scene, by the definition."""
    totals = [sum(scene[index] for scene in PIXELS) for index in range(4)]
    known = sum(totals)
    weights = [math.exp((1 - total / known) / temperature) if total else 0 for total in totals]
    chances = [0.0] * len(PIXELS)
    for index, weight in enumerate(weights):
        shares = [scene[index] / (sum(scene[:4]) or 1) for scene in PIXELS]
        having = [number for number, share in enumerate(shares) if share >= 0.005]
        for number in having:
            chances[number] += weight / sum(weights) / len(having)
    return chances


@pytest.mark.parametrize('temperature', [0.1, 0.5, 100])
def test_scenes_come_as_often_as_their_classes_are_rare(build, temperature):
    draws = Counter(map(int, take(build(temperature=temperature, least_share=0.005), 6000)))
    for number, chance in enumerate(plain_chances(temperature)):
        assert draws[number] / 6000 == pytest.approx(chance, abs=0.02)


def test_the_rarest_class_rules_at_the_papers_temperature(build):
    sampler = build()
    assert sampler.chances.argmax() == 2 and sampler.chances[2] > 0.999 and sampler.chances[3:].sum() == 0
    assert set(map(int, take(sampler, 200))) == {2, 3}  # 1 of 1000 pixels is enough by default


def test_where_no_scene_has_enough_of_a_class_all_that_have_it_count(build):
    assert set(map(int, take(build(least_share=0.9, temperature=0.01), 200))) == {2, 3}


def test_the_stream_is_dealt_out_and_entered_anywhere(monkeypatch, build):
    whole = take(build(temperature=0.5), 60)
    assert whole != take(build(temperature=0.5, seed=4), 60) and len({draw.seed for draw in whole}) == 60
    shares = []
    for rank in range(2):
        monkeypatch.setattr(module, 'get_dist_info', lambda rank=rank: (rank, 2))
        shares.append(take(build(temperature=0.5), 30))
        later = build(temperature=0.5)
        later.enter(3, 11)
        assert take(later, 19) == shares[-1][11:]
    merged = [draw for turn in zip(*shares, strict=True) for draw in turn]
    assert merged == whole and [draw.seed for draw in merged] == [draw.seed for draw in whole]


def test_it_is_built_by_a_config(dataset, tmp_path):
    with DefaultScope.overwrite_default_scope('semsynth'):
        sampler = DATA_SAMPLERS.build(Config(dict(type='RareClassSampler', statistics=str(tmp_path / 'pixels'))),
                                      default_args=dict(dataset=dataset, seed=5))
    assert sampler.seed == 5 and len(sampler) == 5


def _build(dataset, folder):
    distributed.init_process_group('gloo')
    sampler = RareClassSampler(dataset, temperature=0.5, statistics=str(folder / 'pixels'), seed=1)
    (folder / f'{distributed.get_rank()}.txt').write_text(' '.join(map(str, take(sampler, 20))))
    distributed.destroy_process_group()


def test_ranks_count_once_and_draw_one_stream(dataset, tmp_path):
    assert run_ranks(_build, 2, dataset, tmp_path) == [0, 0]
    shares = [(tmp_path / f'{rank}.txt').read_text().split() for rank in range(2)]
    whole = take(RareClassSampler(dataset, temperature=0.5, statistics=str(tmp_path / 'pixels'), seed=1), 40)
    assert [int(draw) for turn in zip(*shares, strict=True) for draw in turn] == whole


@pytest.mark.slow
def test_a_run_with_rare_classes_and_pasted_objects_resumes_bitwise(tmp_path):
    root = make_scenes('camvid', tmp_path / 'data')

    def run(folder, iterations, resume=False):
        config = narrow('configs/ablations/few_images_camvid/n50_all.py', root, **{
            'train_cfg.max_iters': iterations, 'default_hooks.checkpoint.interval': 2, 'val_dataloader': None,
            'val_evaluator': None, 'val_cfg': None, 'test_dataloader': None, 'test_evaluator': None, 'test_cfg': None,
            'train_dataloader.dataset.paste.standing': 0, 'train_dataloader.dataset.paste.least_area': 0})
        config.param_scheduler = dict(generator=[], discriminator=[])
        train(config, work_dir=folder, resume=resume)

    run(tmp_path / 'whole', 4)
    run(tmp_path / 'cut', 2)
    run(tmp_path / 'cut', 4, resume=True)
    assert_equal(tmp_path / 'whole/iter_4.pth', tmp_path / 'cut/iter_4.pth')


def test_where_counts_are_kept_makes_no_other_run():
    for key in ('train_dataloader.sampler.statistics', 'train_dataloader.dataset.paste.statistics',
                'train_dataloader.dataset.pipeline.3.statistics', 'train_dataloader.dataset.data_root'):
        assert OF_A_PLACE.fullmatch(key)
    assert not OF_A_PLACE.fullmatch('train_dataloader.sampler.temperature')


def test_errors(build, tmp_path):
    with pytest.raises(ValueError, match='temperature=0'):
        build(temperature=0)
    with pytest.raises(ValueError, match=facts('range', 'no label maps', 'ResumableSampler')):
        RareClassSampler(range(3), seed=0)
    dataset = PairedFolderDataset(str(tmp_path), 'train', classes=CLASSES, palette=[[0, 0, 0]] * 5, unknown=4,
                                  indices=[4])
    with pytest.raises(ValueError, match='a pixel of a known class'):
        RareClassSampler(dataset, statistics=str(tmp_path / 'pixels'), seed=0)
