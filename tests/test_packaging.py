"""What a source distribution and an installed package hold."""

import re
import shutil
import tarfile
from pathlib import Path

import pytest

from helpers.commands import run_python
from semsynth import __version__

pytest.importorskip('setuptools')
ROOT = Path(__file__).parents[1]
TOP = ['semsynth', 'configs', 'tools', 'tests', 'docs', '.ci', '.github', 'setup.py', 'README.md', 'LICENSE',
       'Makefile', 'MANIFEST.in', '.codespellrc', '.gitignore', '.mkdocs.yml', '.mypy.ini',
       '.pre-commit-config.yaml', '.pytest.ini', '.ruff.toml']


def files(root):
    return {path.relative_to(root).as_posix() for path in root.rglob('*')
            if path.is_file() and '__pycache__' not in path.parts}


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of the tree, in which setuptools may write."""
    root = tmp_path_factory.mktemp('packaging') / 'a tree'
    root.mkdir()
    for name in TOP:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name, **({'ignore': shutil.ignore_patterns('__pycache__', '.*_cache')}
                                          if copy is shutil.copytree else {}))
    return root


def build(source, *command):
    done = run_python('-c', f'import os, runpy, sys; os.chdir({str(source)!r}); sys.argv = {["setup.py", *command]!r}; '
                            "runpy.run_path('setup.py', run_name='__main__')")
    assert done.returncode == 0, done.stderr


def test_the_source_distribution_holds_all_that_tests_and_docs_need(source, tmp_path):
    expected = files(source)
    build(source, '-q', 'sdist', '--dist-dir', str(tmp_path))
    packed, = tmp_path.iterdir()
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter='data')
    found = files(tmp_path / packed.name.removesuffix('.tar.gz'))
    assert expected <= found
    assert {name for name in found - expected if '.egg-info/' not in name} == {'PKG-INFO', 'setup.cfg'}


@pytest.fixture(scope='module')
def package(source, tmp_path_factory):
    """The folder whose content a wheel installs."""
    base = tmp_path_factory.mktemp('build')
    build(source, '-q', 'build', '--build-base', str(base), '--build-lib', str(base / 'lib'))
    return base / 'lib'


def test_the_package_holds_its_pages_configs_and_tools_and_nothing_of_tests(source, package):
    ours = files(source)
    brought = {f'semsynth/.mim/{name}' for name in [*ours, 'model-index.yml'] if name.startswith(
        ('configs/', 'tools/', 'model-index'))}
    assert files(package) == {name for name in ours if name.startswith('semsynth/')} | brought
    assert not any(path.is_symlink() for path in package.rglob('*'))


NAMED = """
from mmengine.config import Config
from mmengine.hub import get_config
import semsynth
print(get_config('semsynth::pix2pixhd/pix2pixhd_toycity.py').model.generator.type)
print(Config.fromfile('mine.py').model.generator.head.type)
from semsynth.config import read_config
print(read_config('semsynth::crn/crn_toycity.py').filename, semsynth.__file__)
"""


@pytest.mark.slow
def test_mmengine_finds_the_configs_of_an_installed_package(package, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('mine.py').write_text("_base_ = 'semsynth::ecgan/ecgan_toycity.py'\n")
    done = run_python('-c', NAMED, PYTHONPATH=str(package))
    assert done.stdout.split() == ['GlobalGenerator', 'EdgeGuidedHead', 'semsynth::crn/crn_toycity.py',
                                   f'{package}/semsynth/__init__.py'], done.stderr


WITHOUT_EXTRAS = """
import runpy, sys
sys.modules |= dict.fromkeys(('h5py', 'huggingface_hub', 'multipart', 'onnx', 'onnxruntime', 'onnxscript', 'playwright',
                              'pycocotools', 'pytest', 'python_multipart', 'starlette', 'uvicorn'))
runpy.run_path(sys.argv[1], run_name='__main__')
"""


@pytest.mark.slow
def test_a_person_gets_from_an_installed_package_to_an_image_in_an_empty_folder(package, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run_python('-c', WITHOUT_EXTRAS, ROOT / 'tests/helpers/first_use.py', PYTHONPATH=str(package),
                      CUDA_VISIBLE_DEVICES='')
    assert done.returncode == 0, done.stderr


def test_extras(source, tmp_path):
    build(source, '-q', 'egg_info', '--egg-base', str(tmp_path))
    text = (tmp_path / 'semsynth.egg-info/requires.txt').read_text()
    first, *others = re.split(r'^\[(\w+)\]$', text, flags=re.M)
    extras = {name: set(wanted.split()) for name, wanted in zip(others[::2], others[1::2], strict=True)}
    assert extras.keys() == {'edit', 'export', 'hub', 'weights', 'import', 'prepare', 'docs', 'test'}
    needed = set.union(*(wanted for name, wanted in extras.items() if name not in ('docs', 'test')))
    assert needed < extras['test'] and 'safetensors' in first.split()
    assert not (needed | extras['test']) & set(first.split())  # what every user installs, the demo's included


def test_the_version_has_a_dated_entry_and_a_note_for_its_tag():
    changes = (ROOT / 'docs/changelog.md').read_text(encoding='utf-8')
    assert re.search(rf'^## {re.escape(__version__)} - \d{{4}}-\d\d-\d\d$', changes, re.M)
    note = (ROOT / f'docs/releases/{__version__}.md').read_text(encoding='utf-8')
    assert note.startswith(f'# semsynth {__version__}\n')


def test_hooks_run_what_lint_runs():
    hooks = (ROOT / '.pre-commit-config.yaml').read_text(encoding='utf-8')
    wanted = (ROOT / 'setup.py').read_text(encoding='utf-8')
    tools = re.findall(r"additional_dependencies: \['((?:ruff|codespell)[^']+)'\]", hooks)
    assert len(tools) == 2
    assert [tool for tool in tools if f"'{tool}'" not in wanted] == []
