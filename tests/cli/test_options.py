from pathlib import Path

import pytest
from torch.utils.data import DataLoader

from semsynth.cli.options import plain_errors
from semsynth.config import load_config
from semsynth.errors import DataError
from semsynth.registry import HEADS, MODELS


def told(capsys, call):
    """What the user reads: one sentence, and status 1."""
    with pytest.raises(SystemExit) as stop, plain_errors():
        call()
    assert stop.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ')
    return line.removeprefix('error: ')


def test_mistakes_are_one_sentence(capsys, tmp_path):
    assert told(capsys, lambda: load_config('nowhere.py')) == 'There is no config nowhere.py.'
    child = tmp_path / 'child.py'
    child.write_text("_base_ = 'nowhere.py'\n")
    assert told(capsys, lambda: load_config(child)).count(str(tmp_path)) == 2  # base and child
    child.write_text('a = dict(\n')
    assert told(capsys, lambda: load_config(child)).startswith("'(' was never closed, in line 1 of")
    child.write_text('custom_hooks = [dict()]\n')
    assert 'custom_hooks is a list of 1' in told(capsys, lambda: load_config(child, {'custom_hooks.3': 1}))


def test_types_and_arguments_that_do_not_exist(capsys):
    assert told(capsys, lambda: HEADS.build(dict(type='RGBHaed'))).startswith("'RGBHaed' is not in the head registry")
    assert told(capsys, lambda: HEADS.build(dict(type='RGBHead', in_channels=2, kernel=3))) == \
        "RGBHead has no argument 'kernel': did you mean kernel_size?"
    assert 'RGBHaed' in told(capsys, lambda: MODELS.build(dict(
        type='Synthesizer', data_preprocessor=dict(type='LayoutPreprocessor', num_classes=2),
        generator=dict(type='GlobalGenerator', head=dict(type='RGBHaed')))))


def test_notes_follow_the_sentence(capsys):
    def noted():
        try:
            load_config('nowhere.py')
        except FileNotFoundError as error:
            error.add_note('(Row 3.)')
            raise

    assert told(capsys, noted) == 'There is no config nowhere.py. (Row 3.)'


def test_what_the_system_refuses_names_the_file(capsys):
    assert told(capsys, lambda: Path('x' * 300).stat()) == f'{"x" * 300}: File name too long.'


class Unreadable:
    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise DataError('a.png is torn: replace it.')


def test_errors_of_data_workers(capsys):
    assert told(capsys, lambda: next(iter(DataLoader(Unreadable(), num_workers=1)))) == 'a.png is torn: replace it.'


def within_semsynth(code):
    exec(code, {'__name__': 'semsynth.somewhere'})


@pytest.mark.parametrize(('call', 'kind'), [
    (lambda: int('x'), ValueError),  # not from our code
    (lambda: within_semsynth("{}['key']"), KeyError),  # from ours, but nobody meant to raise it
    (lambda: within_semsynth("1 + 'x'"), TypeError),
    (lambda: within_semsynth('1 / 0'), ZeroDivisionError),
])
def test_all_else_keeps_its_traceback(call, kind):
    with pytest.raises(kind), plain_errors():
        call()


def test_our_own_code_tells_users_by_value_error(capsys):
    assert told(capsys, lambda: within_semsynth("raise ValueError('size=0, expected 1 or more.')")) == \
        'size=0, expected 1 or more.'


def test_ctrl_c_is_one_line(capsys):
    with pytest.raises(SystemExit) as stop, plain_errors():
        raise KeyboardInterrupt
    assert stop.value.code == 130 and capsys.readouterr().err == 'Interrupted.\n'


def test_it_decorates(capsys):
    @plain_errors()
    def main():
        return 5

    assert main() == main() == 5
