import os
from pathlib import Path

import pytest
import torch


@pytest.fixture(autouse=True, scope='session')
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(scope='session')
def real_data() -> Path:
    """The folder of real samples, for tests that look at real files."""
    root = Path(os.environ.get('SEMSYNTH_DATA', Path(__file__).parents[2] / 'shared' / 'data'))
    if not root.is_dir():
        pytest.skip(f'no real data at {root}; set SEMSYNTH_DATA')
    return root
