import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from helpers.facts import facts
from semsynth.config_files import find_config, named_alike, read_file


@pytest.fixture
def write(tmp_path):
    def put(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path

    return put


def test_names_that_files_use(write):
    write('base.py', 'size = (4, 8)\nwide, spare = size[1], 3\nraw = dict(a=1)\n')
    path = write('child.py', "_base_ = 'base.py'\nmodel = dict(width=5, **_base_.raw)\n")
    config, used = read_file(path)
    assert config.model == dict(width=5, a=1)
    assert used['size'] and used['raw'] and not {'wide', 'spare', 'model'} & used.keys()


def test_a_config_as_a_run_saves_it_does_not_tell(write):
    assert read_file(write('saved.py', "half = 3\nmodel = dict(a=[dict(b=None)])\n"))[1]['half'] is False
    used = read_file(write('child.py', "_base_ = 'saved.py'\nother = 3\n"))[1]
    assert used == dict(half=False, model=False, dict=True)
    assert read_file(write('a.json', '{"half": 3}'))[1]['half'] is False
    assert 'half' not in read_file(write('other.py', 'import os\nhalf = os.getpid()\nmodel = dict()\n'))[1]


def test_based_on_itself(write):
    path = write('a.py', "_base_ = 'b.py'\n")
    write('b.py', "_base_ = ['c.py', 'a.py']\n")
    write('c.py', 'x = 1\n')
    with pytest.raises(ValueError, match=r'a\.py is based on itself \(a\.py -> b\.py -> a\.py\): correct _base_ in '
                                         r'.*b\.py\.$'):
        read_file(path)
    with pytest.raises(ValueError, match=r'me\.py -> me\.py'):
        read_file(write('me.py', "_base_ = 'me.py'\n"))


def test_one_base_twice_is_no_circle(write):
    write('c.py', "_base_ = 'd.py'\nx = 1\n")
    write('d.py', '')
    write('b.py', "_base_ = 'd.py'\ny = 1\n")
    config, _ = read_file(write('a.py', "_base_ = ['b.py', 'c.py']\n"))
    assert (config.x, config.y) == (1, 1)


@pytest.mark.parametrize(('text', 'message'), [
    ('x = 1\ny = nothing\n', r"a\.py cannot be read: NameError: name 'nothing' is not defined, in line 2 of .*a\.py\."),
    ('x = 1 / 0\n', r'ZeroDivisionError: division by zero, in line 1 of'),
    ("_base_ = 'base.py'\nx = _base_.nothing\n", 'nothing'),
    ("_base_ = ['base.py', 'base.py']\n", 'Duplicate key'),
    ("_base_ = 3\n", '_base_=3, expected the path of a config or a list of paths'),
    ("custom_imports = 3\n", r"a\.py: custom_imports=3, expected dict\(imports=\['MODULE'"),
    ("custom_imports = dict(imports=['no_such_module.part'])\n",
     'names no_such_module.part, but there is no module no_such_module: .* in PYTHONPATH')])
def test_what_goes_wrong_in_a_config(write, text, message):
    write('base.py', 'half = 3\n')
    with pytest.raises(ValueError, match=message):
        read_file(write('a.py', text))


def test_the_remedies_for_an_import_work(write, tmp_path, monkeypatch):
    path = write('a.py', "custom_imports = dict(imports='my_part_1')\n")
    write('my_part_1.py', '')
    with pytest.raises(ValueError, match='start in the folder that holds it'):
        read_file(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('sys.path', ['/nowhere'])
    read_file(path)


def test_a_fault_in_an_imported_module_is_its_own(write, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    write('my_part_2.py', 'import no_such_module\n')
    path = write('a.py', "custom_imports = dict(imports=['my_part_2'], allow_failed_imports=True)\n")
    with pytest.raises(ModuleNotFoundError):
        read_file(path)
    read_file(write('b.py', "custom_imports = dict(imports=['my_part_3'], allow_failed_imports=True)\n"))


def test_what_is_no_config(tmp_path, write):
    with pytest.raises(FileNotFoundError, match='is a folder: name a config in it'):
        read_file(tmp_path)
    with pytest.raises(ValueError, match=r'a\.txt is no config: its name should end in \.py'):
        read_file(write('a.txt', ''))
    (tmp_path / 'bytes.py').write_bytes(b'x = "\xff"\n')
    with pytest.raises((ValueError, SyntaxError), match=r'bytes\.py'):
        read_file(tmp_path / 'bytes.py')


def test_configs_of_this_library_have_names(write):
    path = write('child.py', "_base_ = 'semsynth::_base_/schedules/camvid.py'\ntrain_cfg = dict(max_iters=7)\n")
    assert read_file(path)[0].train_cfg == dict(type='ResumableTrainLoop', max_iters=7, val_interval=6000)
    assert read_file('semsynth::ecgan/ecgan_toycity.py')[0].filename.endswith('configs/ecgan/ecgan_toycity.py')
    for wrong in (lambda: read_file('semsynth::ecgan/ecgan_toycty.py'),
                  lambda: read_file(write('wrong.py', "_base_ = 'semsynth::ecgan/ecgan_toycty.py'\n"))):
        with pytest.raises(FileNotFoundError, match=r'ecgan_toycty.* did you mean semsynth::ecgan/ecgan_toycity\.py'):
            wrong()


def test_a_path_that_is_called_as_one_of_ours():
    with pytest.raises(FileNotFoundError, match=facts('config configs/nowhere/ecgan_toycity.py', 'did you mean '
                                                      'semsynth::ecgan/ecgan_toycity.py')):
        read_file('configs/nowhere/ecgan_toycity.py')
    assert named_alike('toycity') == 'did you mean semsynth::comparisons/toycity or semsynth::models/toycity?'
    assert not named_alike('nowhere.py')


def test_names_stand_for_folders_too():
    assert sorted(path.name for path in find_config('semsynth::ablations/ecgan_toycity').glob('*.py'))
    with pytest.raises(FileNotFoundError, match=r'did you mean semsynth::ablations/ecgan_toycity'):
        find_config('semsynth::ablation/ecgan_toycity')
    assert find_config('configs/mine.py') == Path('configs/mine.py')


def test_mmengine_finds_what_a_name_stands_for(write):
    path = write('child.py', "_base_ = 'semsynth::_base_/schedules/camvid.py'\n")
    assert Config.fromfile(path).train_cfg.val_interval == 6000
    with pytest.raises(FileNotFoundError, match='did you mean semsynth::'):
        Config.fromfile(write('wrong.py', "_base_ = 'semsynth::_base_/schedules/camvit.py'\n"))


def test_paths_to_other_configs_are_relative_to_the_file_that_names_them(write, tmp_path, monkeypatch):
    for folder in ('mine', 'bases', 'elsewhere'):
        (tmp_path / folder).mkdir()
    segmentor = "dict(type='Segmentor', config='{}')".format
    write('mine/net.py', '')
    write('bases/judge.py', '')
    write('bases/base.py', f'judge = {segmentor("judge.py")}\n')
    path = write('mine/config.py', f"_base_ = '../bases/base.py'\nmodel = dict(segmentor={segmentor('net.py')},\n"
                                   f"encoder={segmentor('mmseg::x/y.py')}, other={segmentor('configs/old.py')})\n")

    def found():
        config = read_file(path)[0]
        return [part.config for part in (config.judge, config.model.segmentor, config.model.encoder,
                                         config.model.other)]

    monkeypatch.chdir(tmp_path / 'elsewhere')
    assert found() == [str(tmp_path / 'bases/judge.py'), str(tmp_path / 'mine/net.py'), 'mmseg::x/y.py',
                       'configs/old.py']
    monkeypatch.chdir(tmp_path)
    assert found()[:2] == ['bases/judge.py', 'mine/net.py']


HALF_WRITTEN = """
import pathlib, sys, threading, time
import semsynth.config_files
cache = pathlib.Path(sys.argv[1])
threading.Timer(0.5, lambda: [path.unlink() for path in cache.rglob('*.pickle')]).start()
semsynth.config_files.load_formatter()
print(sys.modules['yapf.yapflib.yapf_api'].FormatCode('a = 1')[0])
"""


@pytest.mark.slow
def test_another_process_writes_yapf_s_cache_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    command = [sys.executable, '-c']
    where = Path(__file__).parents[1]
    subprocess.run([*command, 'import yapf'], check=True)
    for path in tmp_path.rglob('*.pickle'):
        path.write_bytes(b'')
    done = subprocess.run([*command, HALF_WRITTEN, tmp_path], check=False, capture_output=True, text=True, cwd=where)
    assert done.stdout == 'a = 1\n\n', done.stderr
