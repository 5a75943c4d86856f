"""The command as a whole: what it offers, that it is quick to say so, and that it is the library's own functions."""

import sys
from argparse import _SubParsersAction
from pathlib import Path

import pytest

import semsynth
from helpers.commands import run_python
from semsynth import cli
from semsynth.cli import COMMANDS, MODULES, build_parser, convert_checkpoint, main, prepare

ROOT = Path(__file__).parents[2]
TOOLS = sorted(path.relative_to(ROOT / 'tools') for path in (ROOT / 'tools').rglob('*.py'))
WITHOUT_TORCH = """
import sys
sys.argv = ['semsynth', *sys.argv[1:]]
from semsynth.cli import main
try:
    main()
finally:
    heavy = {'torch', 'mmengine', 'numpy', 'matplotlib', 'rich'} & set(sys.modules)
    print('heavy:', *sorted(heavy))
"""


def subcommands(parser):
    """The parsers of the next words, by word."""
    return next((action.choices for action in parser._actions if isinstance(action, _SubParsersAction)), {})


def test_help_needs_nothing_heavy():
    done = run_python('-c', WITHOUT_TORCH, 'train', '--help')
    assert done.returncode == 0 and '--dry-run' in done.stdout and done.stdout.endswith('heavy:\n'), done.stderr


def test_every_module_is_a_subcommand_and_every_subcommand_a_tool():
    modules = {path.stem for path in Path(cli.__file__).parent.glob('*.py')} - {'__init__', 'options', 'parser'}
    assert set(subcommands(build_parser())) == set(COMMANDS)
    assert {MODULES.get(name, name.replace('-', '_')) for name in COMMANDS} == modules
    tools = {name: list(subcommands(parser)) for name, parser in subcommands(build_parser()).items()}
    expected = {Path(f'{name.replace("-", "_")}.py') for name in COMMANDS if name != 'prepare'}
    assert set(TOOLS) == expected | {Path('prepare', f'{what}.py') for what in tools['prepare']}


@pytest.mark.parametrize('tool', TOOLS, ids=str)
def test_tools_name_their_own_subcommand(tool):
    words = ', '.join(repr(word) for word in tool.with_suffix('').parts)
    assert (ROOT / 'tools' / tool).read_text(encoding='utf-8').splitlines()[1:] == [
        'from semsynth.cli import main', '', "if __name__ == '__main__':", f'    main({words})']


def test_choices_are_the_librarys():
    from semsynth.apis.resize import SPLITS
    from semsynth.converters import SOURCES

    assert set(convert_checkpoint.SOURCES) == set(SOURCES) and prepare.SPLITS == SPLITS


@pytest.mark.parametrize(('words', 'said'), [
    ([], 'required: COMMAND'), (['trian'], 'did you mean train'), (['prepare'], 'required: WHAT'),
    (['train', 'a.py', '--dryrun'], 'semsynth train has no option --dryrun: did you mean --dry-run'),
    (['train', 'a.py', '--resum'], 'semsynth train has no option --resum: did you mean --resume'),
    (['synthesize', 'a', 'b', '--otu', 'c'], 'no option --otu: did you mean --out'), (['--verison'], '--version'),
    (['prepare', 'nyuu'], 'semsynth prepare has no command nyuu: did you mean nyu'),
    (['prepare', 'nyu', 'a', '--uot', 'b'], 'semsynth prepare nyu has no option --uot: did you mean --out'),
    (['synthesize', 'a', 'b', '--out', 'c', '--precision', 'flaot32'], 'no --precision flaot32: did you mean float32'),
    (['prepare', 'nyu', 'a', '--out', 'b', 'c', '-d'], 'semsynth prepare nyu does not take c -d'),
    (['train', 'a.py', '--dry-run', '--resume'], 'leave --resume and --launcher out'),
    (['train', 'a.py', '--cfg-options', 'a'], 'expected KEY=VALUE, found a'),
    (['convert_checkpoint', 'a', '--source', 'spade', '--part', 'clusters', '--out', 'b'], 'only pix2pixhd has cl')])
def test_what_the_command_line_lacks(words, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['semsynth', *words])
    with pytest.raises(SystemExit) as stop:
        main()
    [line] = capsys.readouterr().err.splitlines()
    assert stop.value.code == 2 and line.startswith('error: ') and said in line and '--help' in line


@pytest.mark.slow
def test_python_runs_the_package(tmp_path):
    done = run_python('-m', 'semsynth', 'train', tmp_path / 'nowhere.py')
    assert (done.returncode, done.stderr) == (1, f'error: There is no config {tmp_path}/nowhere.py.\n')


@pytest.mark.slow
def test_what_people_call_is_at_hand_and_loaded_when_touched():
    assert set(semsynth.__all__) <= set(dir(semsynth))
    done = run_python('-c', "import sys, semsynth; print('torch' in sys.modules); from semsynth import Inferencer, "
                            "Editor, train, evaluate; print(callable(train), callable(evaluate), "
                            "Inferencer.__module__, Editor.__module__, 'torch' in sys.modules)")
    assert done.stdout.split() == ['False', 'True', 'True', 'semsynth.apis.inferencer', 'semsynth.editor.editor',
                                   'True'], done.stderr


def test_apis_export_what_they_list():
    from semsynth import apis

    assert all(callable(getattr(apis, name)) for name in apis.__all__)
    assert set(apis.__all__) == set(apis._MODULES)
    with pytest.raises(AttributeError, match="module 'semsynth' has no attribute 'Inferenzer'"):
        semsynth.Inferenzer  # noqa: B018


def test_the_version(monkeypatch, capsys):
    monkeypatch.setattr('sys.argv', ['semsynth', '--version'])
    with pytest.raises(SystemExit, match='0'):
        main()
    assert capsys.readouterr().out == f'{semsynth.__version__}\n'


def test_hyphens_stand_for_underscores(monkeypatch, capsys):
    for word, name in (('make-toycity', 'make_toycity'), ('make_toycity', 'make_toycity'),
                       ('synthetic-data', 'synthetic-data'), ('synthetic_data', 'synthetic-data')):
        monkeypatch.setattr(sys, 'argv', ['semsynth', word, '--help'])
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code == 0 and f'semsynth {name}' in capsys.readouterr().out
