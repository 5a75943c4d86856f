import mmap
import re
from pathlib import Path

import pytest

from helpers.toy_run import toy_config
from semsynth.engine import memory
from semsynth.engine.dry_run import dry_run


def test_report():
    report = dry_run(toy_config())
    assert "type='ToyGenerator'" in report
    # the toy generator: 3*4*9+4 convolution, 8 norm, the head 4*3+3 and 3*3+3
    assert 'generator: 147 trained' in report
    assert 'discriminator: 33 trained' in report
    assert re.search(r'Memory .*: \d+ MB \(\d+ MB before the first step\), at batch size 2\n', report)
    assert re.search(r'Time of the first step: \d+\.\d s', report)


def test_every_stage_is_reported():
    report = dry_run(toy_config(stages=[dict(), dict(model=dict(frozen=['generator.layer']))]), work_dir='mine')
    assert re.findall(r"^work_dir ?= ?'(.*)'$", report, re.M) == ['mine/stage_1', 'mine/stage_2']
    assert not Path('mine').exists()
    first, second = report.split('Stage 2 of 2')
    assert first.startswith('Stage 1 of 2') and 'generator: 147 trained\n' in first
    assert 'generator: 35 trained, 112 frozen' in second
    assert 'stages' not in report.replace('toy_stage', '')


@pytest.mark.parametrize('changes', [dict(), dict(stages=[dict()])])
def test_a_work_dir_that_training_refuses_is_refused(changes, tmp_path, monkeypatch):
    file = tmp_path / 'file'
    file.write_text('mine')
    for folder in (file, file / 'deeper'):
        with pytest.raises(ValueError, match=f'{folder}.* can be no folder, since {file} is a file'):
            dry_run(toy_config(**changes), work_dir=folder)
    monkeypatch.setattr('os.access', lambda *_: False)
    with pytest.raises(ValueError, match=r'new.* cannot be written \(no right'):
        dry_run(toy_config(**changes), work_dir=tmp_path / 'new')


def test_a_peak_can_be_forgotten():
    memory.forget_peak()
    before = memory.peak_memory()
    large = mmap.mmap(-1, 50 << 20)  # the allocator may have as much at hand that earlier tests gave back
    large.write(bytes(50 << 20))
    assert memory.peak_memory() >= before + 45
    large.close()
    memory.forget_peak()
    assert memory.peak_memory() < before + 45
