import os
import random
import runpy
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.browser import chromium, new_page  # noqa: F401  # fixtures

# Triton's kernels run without a GPU too, slowly. It reads this when it is imported, as by a folder's own conftest.py,
# which comes before pytest_configure. Workers of xdist inherit it.
os.environ.setdefault('TRITON_INTERPRET', '0' if '-m gpu' in ' '.join(sys.argv) else '1')


def pytest_configure(config):
    """Make tests independent of how they are started, and of a GPU, which all but ``pytest -m gpu`` do not see.

    It is hidden before CUDA is first asked for, which mmengine does when it is imported.
    """
    import yapf.yapflib.yapf_api  # noqa: F401  its cache is written here, before workers could all write it at once
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background, which runs inherit
    if config.option.markexpr != 'gpu':
        os.environ['CUDA_VISIBLE_DEVICES'] = ''


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker('gpu') and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason='needs a GPU, and pytest -m gpu'))


@pytest.fixture(autouse=True, scope='session')
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope='session')
def _quick_engine():
    """Without what mmengine spends seconds on for each run or data set: reports, layout of configs, garbage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('mmengine.runner.runner.collect_env', dict)
        patch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **style: (text, True))
        patch.setattr('mmengine.dataset.base_dataset.gc.collect', lambda *generation: 0)
        yield


@pytest.fixture(scope='session')
def toycity(tmp_path_factory) -> Path:
    """A few small scenes."""
    from semsynth.data.toycity import make_toycity  # not before the GPU is hidden
    return make_toycity(tmp_path_factory.mktemp('toycity'), train=4, val=5, size=(48, 80))


@pytest.fixture(autouse=True)
def _signals():
    """A runner that is trained without ``apis.train`` goes on listening to signals; the next test is not to see it."""
    yield
    if stopping := sys.modules.get('semsynth.engine.stopping'):
        stopping.SIGNALS.release()


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


@pytest.fixture(scope='session')
def real_data() -> Path:
    """The folder of real samples, for tests that look at real files."""
    root = Path(os.environ.get('SEMSYNTH_DATA', Path(__file__).parents[2] / 'shared' / 'data'))
    if not root.is_dir():
        pytest.skip(f'no real data at {root}; set SEMSYNTH_DATA')
    return root.resolve()


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """Run a tool by its name below ``tools/``, in this process; its status, output and errors."""
    def run(name, *arguments):
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            runpy.run_path(str(Path(__file__).parents[1] / f'tools/{name}.py'), run_name='__main__')
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()
    return run
