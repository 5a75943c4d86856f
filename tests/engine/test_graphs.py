"""Runs whose steps are a graph, of a CPU's operations: with all that an engine does between them."""

import json
import signal

import pytest

from helpers.tape import TapedGraph
from helpers.toy_run import assert_equal, run, toy_config
from semsynth.apis import train
from semsynth.models import captured

ADAM = dict(_delete_=True, type='Adam', lr=0.1, eps=1.0, fused=True)  # makes no steps of what is rounding alone
OPTIMISERS = {f'optim_wrapper.{player}.optimizer': ADAM for player in ('generator', 'discriminator')}


def logged(folder):
    """The losses and learning rates in the log."""
    lines = [json.loads(line) for path in folder.glob('*/vis_data/scalars.json')
             for line in path.read_text().splitlines()]
    return [{name: value for name, value in line.items() if name.startswith(('generator', 'discriminator'))}
            for line in lines if 'generator/adversarial' in line]


@pytest.mark.slow
def test_a_run_is_as_without_a_graph(tmp_path, monkeypatch):
    """With validation, pictures, an average and a schedule; and resumed, with a graph and without."""
    folders = {name: tmp_path / name for name in ('plain', 'graphed', 'cut')}
    assert run(folders['plain'], **OPTIMISERS) == [0]
    monkeypatch.setattr(captured, 'CudaGraph', TapedGraph)
    changes = OPTIMISERS | {'model.graphs': True}
    runner = train(toy_config(**changes), work_dir=folders['graphed'])
    assert runner.model.captured.recording.graph.events.count('replay') == 12 - captured.WARM_UP
    assert_equal(folders['graphed'] / 'iter_12.pth', folders['plain'] / 'iter_12.pth', rtol=1e-4, atol=1e-6)
    expected = logged(folders['plain'])
    assert len(expected) == 4
    for ours, theirs in zip(logged(folders['graphed']), expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)

    kill = {'default_hooks.kill': dict(type='KillHook', iteration=7, moment='iteration')}
    for graphs in (True, False):
        assert run(folders['cut'], **changes, **kill) == [-signal.SIGKILL]
        assert run(folders['cut'], resume=True, **changes | {'model.graphs': graphs}) == [0]
        assert_equal(folders['cut'] / 'iter_12.pth', folders['plain'] / 'iter_12.pth', rtol=1e-4, atol=1e-6)
