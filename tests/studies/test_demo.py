"""The demo's commands, without the minutes that they take."""

import json
import re
import textwrap
from pathlib import Path

import pytest
import torch

from helpers.narrow import narrow
from semsynth.apis.building import build_for_inference
from semsynth.cli import build_parser
from semsynth.config import load_config
from semsynth.config_files import find_config
from semsynth.studies import demo


@pytest.fixture
def root(tmp_path, monkeypatch, toycity):
    """An empty folder."""
    monkeypatch.delenv('TOYCITY_ROOT', raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_makes_what_the_next_ones_read(root):
    tasks = [task for step in demo.demo_steps() for task in step]
    config = load_config(demo.CONFIG)
    results = [str(task.result) for task in tasks]
    assert config.model.segmentor.checkpoint in results
    assert {part.judge.checkpoint for part in config.test_evaluator} < set(results)
    assert config.data_root == str(Path(results[0]).parent)
    for task in tasks:
        build_parser().parse_args(task.command)
        assert all(find_config(word).is_file() for word in task.command if word.startswith('semsynth::'))


@pytest.fixture
def tools(root, monkeypatch):
    """A command that says what it was given and makes the result of its task; what is ``broken`` fails."""
    tasks = [task for step in demo.demo_steps() for task in step]
    results = {' '.join(task.command): str(task.result) for task in tasks}
    (root / 'command.py').write_text(textwrap.dedent(f"""
        import os, pathlib, sys
        command = ' '.join(sys.argv[1:])
        print('at work', os.environ.get('OMP_NUM_THREADS'), flush=True)
        with open('calls', 'a') as calls:
            print(command, file=calls)
        broken = pathlib.Path('broken')
        if broken.exists() and broken.read_text() in command:
            sys.exit(3)
        result = pathlib.Path({results}[command])
        result.parent.mkdir(parents=True, exist_ok=True)
        result.write_text('done')"""))
    monkeypatch.setattr(demo, 'COMMAND', ('command.py',))
    return tasks


def test_what_is_done_is_skipped_and_a_failure_stops(root, tools, monkeypatch, capfd):
    monkeypatch.setattr(demo, 'gallery', lambda checkpoint, untrained, trained: checkpoint)
    (root / 'broken').write_text('judge_toycity')
    with pytest.raises(SystemExit, match=r'^Train the judge failed'):
        demo.run_demo()
    commands = [' '.join(task.command) for task in tools]
    calls = (root / 'calls').read_text().splitlines()
    assert calls[0] == commands[0] and sorted(calls[1:]) == sorted(commands[1:3])
    (root / 'broken').unlink()
    assert demo.run_demo().name == f'iter_{load_config(demo.CONFIG).train_cfg.max_iters}.pth'
    assert (root / 'calls').read_text().splitlines()[3:] == commands[2:]
    printed = capfd.readouterr().out
    assert len(re.findall('done before', printed)) == 2


def test_segmentors_train_side_by_side_on_their_share_of_the_cores(root, tools, monkeypatch, capfd):
    monkeypatch.setattr(demo, 'gallery', lambda checkpoint, untrained, trained: checkpoint)
    monkeypatch.setattr('os.sched_getaffinity', lambda pid: set(range(6)))
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    demo.run_demo()
    lines = capfd.readouterr().out.splitlines()
    assert {'Train the judge: at work 3', 'Train the label generator of the losses: at work 3'} <= set(lines)
    assert lines.count('at work None') == 4


def test_the_gallery_shows_scenes_and_scores(root, toycity, monkeypatch):
    settings = narrow(demo.CONFIG, toycity)
    monkeypatch.setattr('semsynth.apis.building.load_config', lambda config, options: settings)
    state = build_for_inference(settings, None).state_dict()
    torch.save(dict(state_dict=state), root / 'iter_1.pth')
    for name, score in dict(trained=80.25, untrained=3.5).items():
        scores = dict.fromkeys(demo.METRICS, score) | {f'oracle_{metric}': 90.75 for metric in demo.METRICS}
        titles = dict(mIoU='mIoU ↑', aAcc='pixel accuracy ↑', frechet_judge='distance ↓')
        (root / f'{name}.json').write_text(json.dumps(dict(scores=scores, titles=titles)))
    page = demo.gallery(Path('iter_1.pth'), Path('untrained.json'), Path('trained.json'))
    assert page == Path('work_dirs/demo/index.html')
    text = page.read_text()
    assert all(score in text for score in ('80.25', '3.50', '90.75'))
    pictures = re.findall(r'src="([^"]+)"', text)
    assert len(pictures) == 5 * 5 and all((page.parent / picture).is_file() for picture in pictures)
