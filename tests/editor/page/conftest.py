import numpy as np
import pytest
import torch

from helpers.editor_page import EditorPage
from helpers.narrow import narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.editor.page import serve_editor
from semsynth.styles import StyleBank

CAR = 11


@pytest.fixture(scope='module')
def model(toycity):
    """A model with styles of cars."""
    torch.manual_seed(0)
    inferencer = Inferencer(narrow('configs/pix2pixhd/pix2pixhd_styles_toycity.py', toycity), None, device='cpu')
    inferencer.model.styles = StyleBank(torch.tensor([[1., 1, 1], [-1, -1, -1]]), torch.tensor([CAR, CAR]),
                                        inferencer.classes, np.zeros((2, 4, 4, 3), np.uint8))
    return inferencer


@pytest.fixture(scope='module')
def served(model, toycity):
    """The address of that model's editor."""
    server = serve_editor(model, model.find([toycity / 'gtFine/val'], instances_optional=True))
    yield server.url
    server.close()


@pytest.fixture
def editor(served, new_page):
    """The editor's page in a browser."""
    return EditorPage(new_page(1280, 800), served)
