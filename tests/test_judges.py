"""The judges' configs name what mmseg publishes, and agree with the labels' classes."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config
from narrow import ROOT

from semsynth.data import CLASS_MAPS
from semsynth.segmentors.config import PACKAGED, model_config

PUBLISHED = Path(find_spec('mmseg').origin).parent / '.mim' / 'configs'
JUDGES = {path.stem: Config.fromfile(path) for path in (ROOT / 'configs/_base_/judges').glob('*.py')}


def judges_of(config):
    return [evaluator.judge for evaluator in config.test_evaluator if 'judge' in evaluator]


@pytest.mark.parametrize('name', JUDGES)
def test_judges(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    for judge in judges_of(JUDGES[name]):
        num_classes = model_config(judge.config).decode_head.num_classes
        if 'class_map' in judge:
            assert set(CLASS_MAPS[judge.class_map]) - {255} == set(range(num_classes))
        if judge.config.startswith(PACKAGED):
            path = judge.config.removeprefix(PACKAGED)
            models = yaml.safe_load((PUBLISHED / path).with_name('metafile.yaml').read_text())['Models']
            assert {Path(path).stem: judge.checkpoint}.items() <= {m['Name']: m.get('Weights') for m in models}.items()
        else:
            assert (ROOT / judge.config).is_file()
            assert judge.checkpoint == f'work_dirs/{Path(judge.config).stem}/final.pth'


def test_pspnet_judges_beside_the_common_judge():
    common, pspnet = judges_of(JUDGES['cityscapes_pspnet'])
    assert [common] == judges_of(JUDGES['cityscapes'])
    assert 'pspnet' in pspnet.config
    assert JUDGES['cityscapes_pspnet'].test_evaluator[-1].prefix == 'pspnet'
