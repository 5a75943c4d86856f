import numpy as np
import pytest

from helpers.ablation import FULL
from helpers.narrow import ROOT, narrow
from helpers.preference import METHODS, SCENES, TIMES, save
from semsynth.studies import jobs
from semsynth.studies.preference import data_set_of, make_study

TOOLS = dict(
    train='''
        folder = pathlib.Path(sys.argv[3])
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f'calls{os.environ.get("RANK", "")}').open('a') as calls:
            calls.write(' '.join(sys.argv[4:]) + '\\n')
        if os.environ.get('RANK', '0') != '0':
            sys.exit()
        if 'broken' in folder.parts[-2] and not (folder / 'mended').exists():
            print('loss is nan')
            sys.exit(3)
        with zipfile.ZipFile(folder / 'iter_1.pth', 'w') as file:
            file.writestr('data.pkl', '')''',
    encode_styles='''
        out = pathlib.Path(sys.argv[sys.argv.index('--out') + 1])
        out.write_text(' '.join(sys.argv[2:]))''',
    test='''
        seed = int(re.search(r'seed_(\\d)', sys.argv[2])[1])
        scores = dict(mIoU=50.0 + seed, oracle_mIoU=80.0, frechet_judge=2.0 - seed, oracle_frechet_judge=0.5)
        report = dict(judge='independent: so it is.', scores=scores, iterations=1, device='a GPU')
        pathlib.Path(sys.argv[4]).write_text(json.dumps(report | dict(arguments=sys.argv[5:])))''',
    synthesize='''
        out = sys.argv.index('--out')
        folder = pathlib.Path(sys.argv[out + 1])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'arguments').write_text(' '.join(sys.argv[out + 2:]))
        for path in map(pathlib.Path, sys.argv[3:out]):
            assert path.is_file()
            Image.new('RGB', (64, 64), (10, 200, 30)).save(folder / path.name.replace('_gtFine_labelIds', ''))''')


@pytest.fixture(scope='module')
def tools(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tools')
    for name, body in TOOLS.items():
        lines = [line[8:] for line in body.splitlines()]
        picture = ['from PIL import Image'] if name == 'synthesize' else []
        text = '\n'.join(['import json, os, pathlib, re, sys, zipfile', *picture, *lines])
        (folder / f'{name}.py').write_text(text)
    (folder / 'semsynth.py').write_text('import pathlib, runpy, sys\ndel sys.argv[0]\n'
                                        'runpy.run_path(pathlib.Path(__file__).with_name(f"{sys.argv[0]}.py"))')
    return folder


@pytest.fixture
def folder(toycity, tmp_path, tools, monkeypatch):
    """The folder of an ablation: two rows, of which the second is based on the first; quick polling, and no charts."""
    monkeypatch.setattr(jobs, 'POLL_SECONDS', 0.01)
    monkeypatch.setattr('semsynth.studies.ablation.run.COMMAND', (str(tools / 'semsynth.py'),))
    monkeypatch.setattr('semsynth.studies.ablation.output.chart', lambda ablation: b'')
    folder = tmp_path / 'mine'
    folder.mkdir()
    base = narrow(FULL, toycity).pretty_text
    (folder / 'b_full.py').write_text(f"{base}\nrow = dict(title='full', order=2, paper=dict(mIoU=70.5, FID=40))\n")
    (folder / 'a_less.py').write_text("_base_ = './b_full.py'\nmodel = dict(losses=dict(similarity=None))\n")
    return folder


@pytest.fixture
def results(tmp_path):
    """Folders of three methods, with images of noise; the photos are JPEG."""
    noise = np.random.default_rng(0)
    for method in METHODS:
        for scene in SCENES:
            ending = '.jpg' if method == 'photos' else '.png'
            save(tmp_path / method / f'{scene}{ending}', noise.integers(0, 256, (12, 20, 3), dtype=np.uint8))
    return {method: tmp_path / method for method in METHODS}


@pytest.fixture
def study(results, tmp_path):
    return make_study(results, tmp_path / 'study', judgments=2, per_participant=5, times=TIMES)[0]


@pytest.fixture(scope='module')
def city():
    return data_set_of(ROOT / 'configs/pix2pixhd/pix2pixhd_toycity.py')
