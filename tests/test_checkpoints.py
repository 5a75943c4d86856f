import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging.history_buffer import HistoryBuffer

from semsynth.checkpoints import load_checkpoint


def test_what_mmengine_writes_is_read(tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    torch.save(dict(state_dict=dict(w=torch.ones(2)), message_hub=dict(scalars=dict(loss=history)),
                    meta=dict(best=np.float32(3), mean=np.float64(2))), tmp_path / 'a.pth')
    stored = load_checkpoint(tmp_path / 'a.pth')
    assert stored['state_dict']['w'].tolist() == [1, 1]
    assert stored['message_hub']['scalars']['loss'].mean() == 1.5
    assert stored['meta']['best'] == 3


class Evil:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('evil', [Evil(os.system, 'true'), Evil(getattr, HistoryBuffer, '__init__')])
def test_code_is_refused(tmp_path, evil):
    torch.save(dict(state_dict=evil), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match=r'evil\.pth is no checkpoint of tensors and plain values'):
        load_checkpoint(tmp_path / 'evil.pth')


def test_torn_and_missing(tmp_path):
    whole = tmp_path / 'whole.pth'
    torch.save(dict(w=torch.ones(1000)), whole)
    (tmp_path / 'torn.pth').write_bytes(whole.read_bytes()[:2000])
    (tmp_path / 'empty.pth').write_bytes(b'')
    (tmp_path / 'other.pth').write_bytes(pickle.dumps('x')[:3] + b'text')
    (tmp_path / 'text.pth').write_text('hello')
    (tmp_path / 'page.pth').write_text('\n<!DOCTYPE html>\n')
    torch.save(torch.ones(3), tmp_path / 'tensor.pth')
    for name in ('torn', 'empty', 'other', 'text', 'page', 'tensor'):
        with pytest.raises(ValueError, match=rf'{name}\.pth is') as caught:
            load_checkpoint(tmp_path / f'{name}.pth')
        assert '()' not in str(caught.value)
    with pytest.raises(FileNotFoundError, match='There is no checkpoint'):
        load_checkpoint(tmp_path / 'missing.pth')
