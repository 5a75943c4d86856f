"""Results of single runs, kept as JSON in a folder from which a later ablation goes on."""

import json
import shutil
import sys

import numpy as np
import pytest

from helpers.ablation import add, calls
from helpers.facts import facts
from semsynth.cli import main
from semsynth.studies import ablation
from semsynth.studies.ablation import ablate, tabulate


@pytest.fixture
def quick(monkeypatch):
    """Runs that are done at once, by what a tool would have written."""
    def run_all(runs, commands, *, jobs, console, when_done):
        for run in [run for run in runs if not run.result]:
            run.folder.mkdir(parents=True)
            (run.folder / 'calls').write_text('once')
            (run.folder / 'iter_1.pth').write_bytes(b'')
            monkeypatch.setattr(type(run.training), 'checkpoint', run.folder / 'iter_1.pth')
            judged = [dict(type='SegmentationEvaluator', protocol=dict(name=None, weights_hash='abc'))]
            report = dict(judge='independent: so it is.', scores=dict(mIoU=50.0 + run.seed, oracle_mIoU=80.0),
                          iterations=1, device='CPU', evaluators=judged)
            (run.folder / 'results_iter_1.json').write_text(json.dumps(report))
            when_done(run)
        return []

    monkeypatch.setattr(ablation, 'run_all', run_all)
    monkeypatch.setattr(ablation.Scenes, 'strip', lambda *_: np.zeros((4, 4, 3), np.uint8))


def test_a_later_session_goes_on(folder, quick, tmp_path):
    """With the results alone, one seed more; results of runs that were done before are kept, too."""
    out, kept = tmp_path / 'out', tmp_path / 'kept'
    assert ablate(folder, out=out) == [] and not kept.exists()
    assert ablate(folder, out=out, results=kept) == []
    names = [path.relative_to(kept).as_posix() for path in sorted(kept.rglob('*')) if path.is_file()]
    assert names == ['a_less/seed_0.json', 'b_full/seed_0.json', 'table.csv', 'table.md']
    result = json.loads((kept / 'b_full/seed_0.json').read_text())
    assert (result['row'], result['seed'], result['precision'], result['steps']) == ('b_full', 0, 'float32', 1)
    assert result['judges'] == [dict(type='SegmentationEvaluator', protocol=None, weights='abc')]
    assert result['parameters']['generator'] > 0 and 'torch' in result['machine'] and len(result['settings']) == 8
    assert str(tmp_path) not in (kept / 'b_full/seed_0.json').read_text()
    shutil.rmtree(out)
    assert ablate(folder, out=out, results=kept, seeds=(0, 1)) == []
    assert not (out / 'b_full/seed_0').exists() and calls(out, 'b_full', 1) == ['once']
    for table in (out / 'table.md', kept / 'table.md'):
        assert '| full | 2 of 2 | 50.5 ± 0.71 | 70.5 |' in table.read_text()
    assert str(out) not in (kept / 'table.md').read_text() and 'chart.png' not in (kept / 'table.md').read_text()


def test_a_table_of_what_was_kept_and_what_was_not_run(folder, quick, tmp_path):
    """Neither data nor weights are looked at; seeds that were kept count without being asked for."""
    kept = tmp_path / 'kept'
    assert ablate(folder, out=tmp_path / 'out', results=kept, seeds=(0, 2), rows=['b_full']) == []
    assert not (tmp_path / 'out/a_less').exists()
    shutil.copy(kept / 'b_full/seed_0.json', kept / 'b_full/seed_0 (copy).json')  # somebody's own
    (folder / 'left_out.yml').write_text('old: {reason: its code is lost, paper: {mIoU: 3}}')
    nowhere = {'data_root': 'nowhere', 'test_evaluator.0.judge.checkpoint': 'nowhere.pth'}
    text = tabulate(folder, kept, seeds=(0, 1), cfg_options=nowhere)
    assert '| full | 2 of 3 | 51 ± 1.4 | 70.5 |' in text and '| a_less | not run | - | - |' in text
    assert f'- Not run, or not done yet, with seed 1: full (`b_full`): `semsynth ablate {folder} --rows b_full ' in text
    assert f'--rows a_less --jobs 1 --seeds 0 1 2 --results {kept} --cfg-options data_root=nowhere' in text
    assert '| old | not run | - | 3 |' in text and '- old: not run; its code is lost.' in text
    assert 'Of other settings' not in text
    with pytest.raises(ValueError, match=facts('seeds=[0, 0]', 'none of them twice')):
        tabulate(folder, kept, seeds=(0, 0), cfg_options=nowhere)


def test_a_result_of_other_settings(folder, quick, tmp_path):
    """Is no result of this row: it is refused, or said in the table."""
    kept, other = tmp_path / 'kept', {'train_cfg.max_iters': 2}
    assert ablate(folder, out=tmp_path / 'out', results=kept) == []
    with pytest.raises(ValueError, match=facts('b_full/seed_0.json', 'other settings than b_full.py', 'remove that')):
        ablate(folder, out=tmp_path / 'anew', results=kept, cfg_options=other)
    assert 'Of other settings than their configs have now: full, seed 0; a_less, seed 0.' in tabulate(
        folder, kept, cfg_options=other)


def test_rows_by_name(folder):
    add(folder, 'c_more')
    with pytest.raises(ValueError, match=r'There is no row d, e: rows are b_full, a_less, c_more\.'):
        ablate(folder, rows=['e', 'a_less', 'd'])


def test_the_command_writes_the_table(folder, quick, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['semsynth', 'ablate', str(folder), '--table-only', '--results',
                                      str(tmp_path / 'kept')])
    main()
    out = capsys.readouterr().out
    assert '| full | not run | 70.5 | 40 |' in out and 'the table is not written' in out
    assert not (tmp_path / 'kept').exists()
    monkeypatch.setattr(sys, 'argv', sys.argv[:4])
    with pytest.raises(SystemExit):
        main()
    assert 'name their folder with --results.' in capsys.readouterr().err
