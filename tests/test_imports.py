"""Imports between the folders of semsynth go one way (docs/architecture.md)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'semsynth'
PARTS = {path.stem for path in PACKAGE.iterdir() if path.name[0] not in '._'}
HELPERS = {'arguments', 'arrays', 'checkpoints', 'config', 'devices', 'errors', 'label_spaces', 'outputs', 'parts',
           'pickle_outline', 'pickled_numbers', 'precision', 'quiet', 'registry', 'seeds', 'settings', 'stored_tensors',
           'weights', 'writing'}
CENTRE = HELPERS | {'layers', 'layout', 'ops'}
COMPONENTS = {'discriminators', 'encoders', 'evaluators', 'generators', 'heads', 'losses', 'segmentors'}

ALLOWED = {
    **dict.fromkeys(HELPERS | {'layout', 'ops', 'command_line'}, frozenset()),
    **{part: {'arguments'} for part in ('registry', 'settings')},
    'label_spaces': {'arguments', 'errors'},
    'checkpoints': {'stored_tensors'},
    'stored_tensors': {'pickle_outline', 'pickled_numbers'},
    'pickle_outline': {'pickled_numbers'},
    'visualise': {'label_spaces', 'writing'},
    'layers': HELPERS,
    **dict.fromkeys(COMPONENTS, CENTRE),
    'data': HELPERS | {'layout'},
    'styles': HELPERS | {'layout', 'visualise'},
    'models': CENTRE | {'discriminators', 'encoders', 'heads', 'losses', 'styles'},
    'engine': CENTRE | {'data', 'models', 'visualise'},
    'converters': HELPERS | {'data', 'styles'},
    'editing': HELPERS | {'data', 'segmentors'},
    'apis': {'converters', 'data', 'editing', 'engine', 'models', 'styles', 'visualise'} | CENTRE | COMPONENTS,
}
"""What each folder, and each file beside them, imports at most."""


def imported(tree):
    """Names of the modules that are imported while a module is: not by functions, nor for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ([f'semsynth.{name.name}' for name in node.names] if node.module == 'semsynth'
                        else [node.module])
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.With | ast.Try | ast.ClassDef):
            yield from imported(node)


@pytest.mark.parametrize('part', sorted(PARTS))
def test_imports_go_one_way(part):
    paths = sorted((PACKAGE / part).rglob('*.py')) or [PACKAGE / f'{part}.py']
    found = {name.split('.')[1] for path in paths for name in imported(ast.parse(path.read_text(encoding='utf-8')))
             if name.startswith('semsynth.')}
    assert found & PARTS - {part} <= ALLOWED[part]


WITHOUT_POSIX = """
import os, sys
import mmseg.datasets, torchmetrics
sys.modules['fcntl'] = sys.modules['resource'] = None
del os.register_at_fork, os.O_DIRECTORY
import semsynth.apis.inferencer, semsynth.apis.synthesis
from semsynth.writing import write_whole
print(write_whole(sys.argv[1], b'whole').read_bytes())
"""


@pytest.mark.slow
def test_inference_needs_nothing_that_windows_lacks(tmp_path):
    done = subprocess.run([sys.executable, '-c', WITHOUT_POSIX, tmp_path / 'file'], capture_output=True, text=True,
                          check=False, cwd=PACKAGE.parent)
    assert done.stdout.splitlines()[-1:] == ["b'whole'"], done.stderr
