"""The judges' configs name what mmseg publishes, and agree with the labels' classes."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config
from mmengine.registry import DefaultScope

from helpers.narrow import ROOT
from semsynth.config import load_config
from semsynth.config_files import find_config
from semsynth.label_spaces import CLASS_MAPS
from semsynth.registry import SEGMENTORS
from semsynth.segmentors.config import PACKAGED, model_config

OF_THE_PAPERS = ('cityscapes-drn-d-105-v1', 'ade20k-csail-upernet-101-v1', 'coco-stuff-deeplabv2-101-v1')
PUBLISHED = Path(find_spec('mmseg').origin).parent / '.mim' / 'configs'
JUDGES = {path.stem: Config.fromfile(path) for path in (ROOT / 'configs/_base_/judges').glob('*.py')}


def weights_of(config):
    """Where mmseg's model zoo has the weights of one of its configs."""
    path = PUBLISHED / config.removeprefix(PACKAGED)
    models = yaml.safe_load(path.with_name('metafile.yaml').read_text())['Models']
    return next(model.get('Weights') for model in models if model['Name'] == path.stem)


def judges_of(config):
    return [evaluator.judge for evaluator in config.test_evaluator if 'judge' in evaluator]


@pytest.mark.parametrize('name', JUDGES)
def test_judges(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    for judge in judges_of(JUDGES[name]):
        if judge.type != 'Segmentor':  # of the papers: tests/segmentors/test_released.py
            continue
        num_classes = model_config(judge.config).decode_head.num_classes
        if 'class_map' in judge:
            assert set(CLASS_MAPS[judge.class_map]) - {255} == set(range(num_classes))
        if judge.config.startswith(PACKAGED):
            assert judge.checkpoint == weights_of(judge.config)
        else:
            assert find_config(judge.config).is_file()
            assert judge.checkpoint == f'work_dirs/{Path(judge.config).stem}/final.pth'


def test_pspnet_judges_beside_the_common_judge():
    common, pspnet = judges_of(JUDGES['cityscapes_pspnet'])
    assert [common] == judges_of(JUDGES['cityscapes'])
    assert 'pspnet' in pspnet.config
    assert JUDGES['cityscapes_pspnet'].test_evaluator[-1].prefix == 'pspnet'


def test_published_judges_are_named_protocols():
    """One name, one network; judges that readers train themselves are told apart by their hash."""
    named = {}
    for config in JUDGES.values():
        for evaluator in config.test_evaluator:
            if 'judge' in evaluator:
                published = evaluator.judge.get('config', PACKAGED).startswith(PACKAGED)
                assert published == ('protocol' in evaluator)
                if 'protocol' in evaluator:
                    assert named.setdefault(evaluator.protocol, evaluator.judge) == evaluator.judge
    assert set(named) == {'cityscapes-deeplabv3plus-r101-v1', 'cityscapes-pspnet-r101-v1', 'ade20k-upernet-r101-v1',
                          'coco-stuff-deeplabv3-r101-v1', *OF_THE_PAPERS}
    assert len({judge.get('checkpoint', judge.get('encoder')) for judge in named.values()}) == len(named)


@pytest.mark.parametrize('name', ['cityscapes', 'ade20k', 'coco_stuff'])
def test_the_papers_judge_takes_the_place_of_ours(name, tmp_path):
    """By one line of a config: the name of another file among its ``_base_``."""
    [theirs] = [key for key in JUDGES if key.startswith(f'{name}_') and key != 'cityscapes_pspnet']
    source = (ROOT / f'configs/ecgan/ecgan_{name}.py').read_text()
    swapped = source.replace(f'judges/{name}.py', f'judges/{theirs}.py')
    (tmp_path / 'swapped.py').write_text(swapped.replace("'../_base_", f"'{ROOT}/configs/_base_"))
    config = load_config(tmp_path / 'swapped.py')
    assert judges_of(config) == judges_of(JUDGES[theirs])
    assert [each.type for each in config.test_evaluator] == [each.type for each in JUDGES[name].test_evaluator]
    [judge], layout = judges_of(config), config.model.data_preprocessor
    assert config.test_evaluator[0].protocol in OF_THE_PAPERS
    files = {key: judge.pop(key) for key in ('checkpoint', 'encoder', 'decoder') if key in judge}
    assert files and all(str(file).startswith('weights/') for file in files.values())
    assert all(Path(file).name in SEGMENTORS.get(judge.type).published for file in files.values())
    with DefaultScope.overwrite_default_scope('semsynth'):  # as in an evaluation
        segmentor = SEGMENTORS.build(judge | dict(base_channels=8))
    segmentor.check_layout(layout.num_classes, layout.get('unknown'))


@pytest.mark.parametrize('name', ['cityscapes', 'ade20k', 'coco_stuff'])
def test_ecgans_label_generator_is_published_and_is_not_the_judge(name):
    config = load_config(ROOT / f'configs/ecgan/ecgan_{name}.py')
    label_generator, [judge] = config.model.segmentor, judges_of(config)
    assert label_generator.checkpoint == weights_of(label_generator.config)
    assert model_config(label_generator.config).decode_head.num_classes == 1 + max(
        set(CLASS_MAPS[label_generator.class_map]) - {255})
    assert Path(label_generator.config).parent != Path(judge.config).parent  # another architecture
    assert label_generator.class_map == judge.class_map
