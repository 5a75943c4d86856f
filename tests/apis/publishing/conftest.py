import shutil

import pytest

from helpers.trained import trained
from semsynth.apis.publishing.publish import publish


@pytest.fixture(scope='session')
def whole(toycity, tmp_path_factory):
    """A published folder, to be read; and the model that it was made of."""
    folder = tmp_path_factory.mktemp('published')
    inferencer = trained('configs/ecgan/ecgan_toycity.py', toycity, folder / 'work')
    return publish(inferencer, folder / 'model', scenes=2), inferencer


@pytest.fixture
def folder(whole, tmp_path):
    """A copy of the published folder, to be spoilt."""
    return shutil.copytree(whole[0], tmp_path / 'model')
