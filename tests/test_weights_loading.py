import os
import pickle
import re

import numpy as np
import pytest
import torch
from mmengine.logging.history_buffer import HistoryBuffer

from helpers.facts import facts
from semsynth.weights import check_resumable, load_checkpoint, weights_in


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
    (tmp_path / 'list.pth').write_bytes(b'a')  # it appends to a list that is not there
    (tmp_path / 'page.pth').write_text('\n<!DOCTYPE html>\n')
    torch.save(torch.ones(3), tmp_path / 'tensor.pth')
    for name in ('torn', 'empty', 'other', 'text', 'list', 'page', 'tensor'):
        with pytest.raises(ValueError, match=rf'{name}\.pth is') as caught:
            load_checkpoint(tmp_path / f'{name}.pth')
        assert re.search(r' no checkpoint: it holds|\(\w+ \w+.*\)', str(caught.value))  # the reason has words
    with pytest.raises(FileNotFoundError, match='There is no checkpoint'):
        load_checkpoint(tmp_path / 'missing.pth')


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    with pytest.raises(FileNotFoundError, match='pipe is no file'):
        load_checkpoint(tmp_path / 'pipe')
    with pytest.raises(FileNotFoundError, match='is a folder: name a checkpoint in it'):
        load_checkpoint(tmp_path)


def test_rights_are_named(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, 'Permission denied')

    torch.save({}, tmp_path / 'a.pth')
    monkeypatch.setattr('torch.load', refuse)
    with pytest.raises(ValueError, match=r'a\.pth cannot be read \(Permission denied\): change the rights'):
        load_checkpoint(tmp_path / 'a.pth')


@pytest.mark.parametrize(('part', 'value'), [
    ('state_dict', [1]), ('optimizer', 'Adam'), ('message_hub', None), ('meta', 'meta'), ('ema_state_dict', [])])
def test_parts_of_another_kind(tmp_path, part, value):
    torch.save(dict(state_dict=dict(w=torch.ones(1))) | {part: value}, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=rf'a\.pth is no checkpoint: its {part} is a {type(value).__name__}, not a '):
        load_checkpoint(tmp_path / 'a.pth')


@pytest.mark.parametrize('meta', [dict(), dict(meta=None)])
def test_facts_may_be_missing(tmp_path, meta):
    torch.save(dict(state_dict=dict(w=torch.ones(1))) | meta, tmp_path / 'a.pth')
    assert load_checkpoint(tmp_path / 'a.pth')['meta'] == {}


def test_weights_are_those_of_a_training_or_the_file():
    weights = dict(w=torch.ones(1))
    assert weights_in(weights, 'a.pth') is weights_in(dict(state_dict=weights, meta={}), 'a.pth') is weights


@pytest.mark.parametrize(('stored', 'message'), [
    (dict(state_dict={}), r'a\.pth holds no weights; use another'), (dict(lr=3), r"a\.pth .*: 'lr' is a int, where"),
    ({3: torch.ones(1)}, '3 is a Tensor, where tensors by name')])
def test_what_holds_no_weights(stored, message):
    with pytest.raises(ValueError, match=message):
        weights_in(stored, 'a.pth')


def test_only_a_training_can_be_resumed():
    whole = dict(state_dict={}, optimizer={}, message_hub={}, meta=dict(epoch=0, iter=4))
    check_resumable(whole, 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth is no checkpoint of a training.*it has no optimizer, meta\.iter\.'):
        check_resumable(dict(state_dict={}, message_hub={}, meta=dict(epoch=0, iter='4')), 'a.pth')


@pytest.mark.parametrize('wrong', [float('nan'), float('inf')])
def test_weights_that_are_not_finite(wrong):
    whole = dict(first=torch.ones(2), count=torch.tensor(3), half=torch.ones(2).bfloat16())
    assert weights_in(whole, 'some.pth') is whole
    whole |= dict(second=torch.tensor([0, wrong]), third=torch.tensor(wrong))
    with pytest.raises(ValueError, match=facts('some.pth', 'not finite', 'second')):
        weights_in(dict(state_dict=whole), 'some.pth')
