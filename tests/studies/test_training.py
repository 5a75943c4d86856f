"""A training by another process, as its work folder shows it."""

import json

import pytest

from helpers.ablation import FULL
from helpers.narrow import narrow
from semsynth.studies.training import Training, last_step


def write_log(folder, *lines):
    path = folder / 'vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(lines))


def entry(step, seconds=1.0):
    """Of a batch of 2."""
    return json.dumps(dict(time=50, images_per_second=2 / seconds, step=step))


def test_time_and_progress_come_from_the_log(toycity, tmp_path):
    training = Training(narrow(FULL, toycity, **{'train_cfg.max_iters': 100}), tmp_path)
    assert (training.seconds_per_step(), training.progress(), last_step(tmp_path)) == (None, 0, 0)
    write_log(tmp_path / 'first', entry(10, 9.0), entry(20, 1.0), '{"images_per_second": 3')
    write_log(tmp_path / 'second', entry(30, 2.0), '{"time": 70, "mIoU": 1}')
    assert (training.seconds_per_step(), training.progress(), last_step(tmp_path)) == (2.0, 0.3, 30)


@pytest.mark.parametrize(('drop_last', 'ranks', 'steps'), [(True, 1, 6), (False, 1, 9), (True, 2, 9)])
def test_the_progress_of_epochs(drop_last, ranks, steps, toycity, tmp_path):
    """3 epochs of 5 scenes in batches of 2; of 2 ranks each has 3 scenes an epoch, in batches of 1."""
    options = {'train_cfg.max_iters': None, 'train_cfg.max_epochs': 3, 'train_dataloader.drop_last': drop_last,
               'train_dataloader.dataset.split': 'val'}
    training = Training(narrow(FULL, toycity, **options), tmp_path, ranks)
    assert (training.steps, training.progress()) == (steps, 0)
    write_log(tmp_path / 'now', entry(3))
    assert training.progress() == 3 / steps


def test_the_progress_of_stages(toycity, tmp_path):
    config = narrow(FULL, toycity)
    config.stages = [dict(train_cfg=dict(max_iters=30)), dict(train_cfg=dict(max_iters=10))]
    training = Training(config, tmp_path)
    write_log(tmp_path / 'stage_1/now', entry(20))
    assert training.progress() == 0.5 and training.stages[-1] == tmp_path / 'stage_2'
