"""Downloads become trees that check out and train."""

import re

import pytest

from helpers.downloads import COUNTS
from helpers.facts import facts
from helpers.narrow import narrow
from semsynth.data import ADE20KDataset, HelenDataset, NYUDataset, check_dataset
from semsynth.data.prepare import ade20k, helen, nyu
from semsynth.engine.launch import build_runner

DATASETS = dict(ade20k=ADE20KDataset, helen=HelenDataset, nyu=NYUDataset)


@pytest.mark.slow
@pytest.mark.parametrize('name', DATASETS)
def test_a_download_becomes_a_tree_that_trains(name, download, prepare, tmp_path):
    code, out, err = prepare(name, download(name))
    assert (code, err) == (0, '')
    for split, count in COUNTS[name].items():
        assert f'{count} {split}' in out
        report = check_dataset(DATASETS[name](str(tmp_path / 'out'), split))
        assert (report.problems, report.scenes, report.photos) == ([], count, count)
    runner = build_runner(narrow(f'configs/pix2pixhd/pix2pixhd_{name}.py', tmp_path / 'out'), work_dir=tmp_path / 'run')
    runner.train()
    assert runner.iter == 1 and (tmp_path / 'run/pictures/iter_000001.png').exists()


@pytest.mark.parametrize('name', DATASETS)
def test_what_is_there_is_skipped_and_what_is_missing_is_made(name, download, prepare, tmp_path):
    prepare(name, download(name))
    files = sorted(path for path in (tmp_path / 'out').rglob('*') if path.is_file())
    before = {path: path.stat().st_mtime_ns for path in files}
    content = files[-1].read_bytes()
    files[-1].unlink()
    assert prepare(name, download(name))[0] == 0
    assert files[-1].read_bytes() == content
    parts = [path for path in files if path.stem != files[-1].stem]
    assert {path: path.stat().st_mtime_ns for path in parts} == {path: before[path] for path in parts}
    assert sorted(path for path in (tmp_path / 'out').rglob('*') if path.is_file()) == files  # nothing half written


@pytest.mark.parametrize('name', COUNTS)
def test_help_fits_a_screen(name, run_tool, monkeypatch):
    monkeypatch.setenv('COLUMNS', '100')
    code, out, _ = run_tool(f'prepare/{name}', '--help')
    lines = out.splitlines()
    assert code == 0 and 0 < len(lines) <= 30 and max(map(len, lines)) <= 100


@pytest.mark.parametrize('name', DATASETS)
def test_downloads_that_are_not_whole(name, download, prepare, monkeypatch, tmp_path):
    source = download(name)
    module = dict(ade20k=ade20k, helen=helen, nyu=nyu)[name]
    split = next(iter(COUNTS[name]))
    monkeypatch.setattr(module, 'OFFICIAL', COUNTS[name] | {split: 9})
    code, _, err = prepare(name, source)
    assert code == 1
    assert re.match(facts('error: ', f'{COUNTS[name][split]} scenes for {split}', ' 9', 'download or unpack'), err)
    assert len(check_dataset(DATASETS[name](str(tmp_path / 'out'), split)).problems) == 0  # what is there is made


def test_out_is_a_folder(ade20k_download, told, tmp_path):
    (tmp_path / 'out').write_text('')
    assert 'out is a file, but results go into a folder' in told('ade20k', ade20k_download)[0]


def test_many_problems_are_cut_short(prepare, helen_download):
    write = ''.join(f'{number}, missing_{number}\n' for number in range(30))
    (helen_download / 'exemplars.txt').write_text(write)
    _, _, err = prepare('helen', helen_download)
    assert err.count('\n') == 21 and err.endswith('And 11 problems more.\n')
