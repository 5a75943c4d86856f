import socket

import numpy as np
import pytest
import torch

from helpers.editor import CAR, ROAD
from helpers.narrow import narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.editor import Editor
from semsynth.styles import StyleBank


@pytest.fixture(scope='module')
def inferencer(toycity):
    """A model with styles, and a bank of them."""
    torch.manual_seed(0)
    inferencer = Inferencer(narrow('configs/pix2pixhd/pix2pixhd_styles_toycity.py', toycity), None, device='cpu')
    inferencer.model.styles = StyleBank(torch.tanh(torch.randn(9, 3)), torch.tensor([CAR] * 4 + [ROAD] * 5),
                                        inferencer.classes, np.zeros((0, 0, 0, 3), np.uint8))
    return inferencer


@pytest.fixture(scope='module')
def plain(toycity):
    """A model without styles."""
    return Inferencer(narrow('configs/pix2pixhd/pix2pixhd_toycity.py', toycity), None, device='cpu')


@pytest.fixture(scope='module')
def files(toycity):
    stem = 'toycity/toycity_000000_000000'
    return [str(toycity / f'gtFine/val/{stem}_gtFine_{kind}.png') for kind in ('labelIds', 'instanceIds')] + [
        str(toycity / f'leftImg8bit/val/{stem}_leftImg8bit.png')]


@pytest.fixture
def held_port():
    """A port that no other process is given, also while the server that is told to use it is down."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # bound like this, it lets a server listen
        holder.bind(('127.0.0.1', 0))
        yield holder.getsockname()[1]


@pytest.fixture
def editor(inferencer, files):
    editor = Editor(inferencer)
    editor.open(*files[:2])
    return editor
