"""The demo's commands, without the minutes that they take."""

import json
import re
from pathlib import Path

import pytest
import torch
from narrow import ROOT, narrow

from semsynth.apis import demo
from semsynth.apis.building import build_for_inference
from semsynth.engine.launch import load_config


@pytest.fixture
def root(tmp_path, monkeypatch, toycity):
    """A repository with nothing in it but the configs, and data where the first command puts them."""
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    monkeypatch.delenv('TOYCITY_ROOT', raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_makes_what_the_next_ones_read(root):
    tasks = demo.demo_tasks(root)
    config = load_config(ROOT / demo.CONFIG)
    results = [str(task.result.relative_to(root)) for task in tasks]
    assert config.model.segmentor.checkpoint in results
    assert {part.judge.checkpoint for part in config.test_evaluator} < set(results)
    assert config.data_root == str(Path(results[0]).parent)
    for task in tasks:
        assert (ROOT / task.command[0]).is_file()
        for word in task.command[1:]:
            assert not word.startswith('configs/') or (ROOT / word).is_file()


def test_what_is_done_is_skipped_and_a_failure_stops(root, monkeypatch, capsys):
    commands = []

    def run(command, **settings):
        task = demo.demo_tasks(root)[len(commands)]
        assert command == task.command
        commands.append(task.command[0])
        task.result.parent.mkdir(parents=True, exist_ok=True)
        task.result.write_text('done')
        return int(len(commands) == 3)

    monkeypatch.setattr(demo, '_run', run)
    with pytest.raises(SystemExit, match='Train the judge failed'):
        demo.run_demo(root)
    assert commands == ['tools/make_toycity.py', 'tools/train_segmentor.py', 'tools/train_segmentor.py']
    monkeypatch.setattr(demo, 'gallery', lambda root, checkpoint, untrained, trained: checkpoint)
    assert demo.run_demo(root).name == f'iter_{load_config(ROOT / demo.CONFIG).train_cfg.max_iters}.pth'
    assert len(commands) == 6
    assert len(re.findall('done before', capsys.readouterr().out)) == 3


def test_the_gallery_shows_scenes_and_scores(root, toycity, monkeypatch):
    settings = narrow(demo.CONFIG, toycity)
    monkeypatch.setattr('semsynth.apis.inferencer.load_config', lambda config, options: settings)
    state = build_for_inference(settings, None).state_dict()
    torch.save(dict(state_dict=state), root / 'iter_1.pth')
    for name, score in dict(trained=80.25, untrained=3.5).items():
        scores = dict.fromkeys(demo.METRICS, score) | {f'oracle_{metric}': 90.75 for metric in demo.METRICS}
        (root / f'{name}.json').write_text(json.dumps(dict(scores=scores)))
    page = demo.gallery(root, root / 'iter_1.pth', root / 'untrained.json', root / 'trained.json')
    assert page == root / 'work_dirs/demo/index.html'
    text = page.read_text()
    assert all(score in text for score in ('80.25', '3.50', '90.75'))
    pictures = re.findall(r'src="([^"]+)"', text)
    assert len(pictures) == 5 * 5 and all((page.parent / picture).is_file() for picture in pictures)
