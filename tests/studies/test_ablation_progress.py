import json

import pytest

from helpers.ablation import FULL
from helpers.narrow import narrow
from semsynth.studies.ablation.rows import Row
from semsynth.studies.ablation.run import Run


def test_time_and_progress_come_from_the_log(toycity, tmp_path):
    run = Run(Row('x', narrow(FULL, toycity, **{'train_cfg.max_iters': 100}), 'x'), 0, tmp_path)
    assert (run.training.seconds_per_step(), run.progress()) == (None, 0)
    entry = lambda step, seconds: json.dumps(dict(time=50, images_per_second=2 / seconds, step=step))  # batches of 2
    logs = dict(first=[entry(10, 9.0), entry(20, 1.0), '{"images_per_second": 3'],
                second=[entry(30, 2.0), '{"time": 70, "mIoU": 1}'])
    for name, lines in logs.items():
        path = tmp_path / name / 'vis_data/scalars.json'
        path.parent.mkdir(parents=True)
        path.write_text('\n'.join(lines))
    assert (run.training.seconds_per_step(), run.progress()) == (2.0, 0.3)


@pytest.mark.parametrize(('drop_last', 'ranks', 'steps'), [(True, 1, 6), (False, 1, 9), (True, 2, 9)])
def test_the_progress_of_epochs(drop_last, ranks, steps, toycity, tmp_path):
    """3 epochs of 5 scenes in batches of 2; of 2 ranks each has 3 scenes an epoch, in batches of 1."""
    options = {'train_cfg.max_iters': None, 'train_cfg.max_epochs': 3, 'train_dataloader.drop_last': drop_last,
               'train_dataloader.dataset.split': 'val'}
    config = narrow(FULL, toycity, **options)
    run = Run(Row('x', config, 'x'), 0, tmp_path, ranks)
    assert (run.training.steps, run.progress()) == (steps, 0)
    path = tmp_path / 'now/vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(dict(time=1, images_per_second=1, step=3)))
    assert run.progress() == 3 / steps


def test_the_progress_of_stages(toycity, tmp_path):
    config = narrow(FULL, toycity)
    config.stages = [dict(train_cfg=dict(max_iters=30)), dict(train_cfg=dict(max_iters=10))]
    run = Run(Row('x', config, 'x'), 0, tmp_path)
    path = tmp_path / 'stage_1/now/vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(dict(time=1, images_per_second=1, step=20)))
    assert run.progress() == 0.5 and run.training.stages[-1] == tmp_path / 'stage_2'
