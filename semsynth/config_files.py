"""A config's file: found by path or name, and read with errors that name the file and the line."""

from __future__ import annotations

import ast
import pickle
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from traceback import walk_tb

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE

from semsynth.errors import did_you_mean, either

ENDINGS = ('.py', '.json', '.yaml', '.yml')
NAMED = 'semsynth::'
"""How the name of one of this library's own configs begins."""
PACKED = Path(__file__).resolve().parent / '.mim' / 'configs'
OWN = PACKED if PACKED.is_dir() else Path(__file__).resolve().parents[1] / 'configs'
"""The folder of these configs: within an installed package, as OpenMMLab's packages have theirs; else in the checkout.
"""


class UnknownConfigError(FileNotFoundError):
    """This library has no config of that name."""


class CycleError(ValueError):
    """A config is based on itself."""


def find_config(config: str | Path) -> Path:
    """What a name stands for: a file or folder of this library's own configs. All else is a path.

    ``'semsynth::ecgan/ecgan_cityscapes.py'`` is a config, ``'semsynth::ablations/ecgan'`` a folder of some.

    Raises:
        UnknownConfigError: nothing has that name; the message says what has one like it.
    """
    if not str(config).startswith(NAMED):
        return Path(config)
    name = str(config).removeprefix(NAMED)
    if not (OWN / name).exists():
        raise UnknownConfigError(f'There is no config or model {config}: ' + did_you_mean(
            name, _own_names(), f'it should be in {OWN}.', NAMED))
    return OWN / name


def named_alike(path: str | Path) -> str:
    """``did you mean semsynth::...?``, where a config or model of this library is called as the file of a path is."""
    alike = [NAMED + name for name in _own_names() if Path(name).name == Path(path).name]
    return f'did you mean {either(alike)}?' if alike else ''


def _own_names() -> list[str]:
    """All names of this library's own configs and models, and of the folders that they are in."""
    configs = {path.relative_to(OWN) for path in OWN.rglob('*.py')}
    models = {path.relative_to(OWN).parent for path in OWN.rglob('config.json')}
    return sorted({path.as_posix() for path in (*configs, *(each.parent for each in configs), *models)} - {'.'})


def _introduce() -> None:
    """Let mmengine find named configs wherever it reads one; by itself it knows OpenMMLab's installed packages."""
    MODULE2PACKAGE['semsynth'] = 'semsynth'
    own = Config._get_cfg_path
    Config._get_cfg_path = staticmethod(
        lambda base, filename: (str(find_config(base)), None) if base.startswith(NAMED) else own(base, filename))


_introduce()


def is_config(path: str | Path) -> bool:
    """Whether a path or name is that of a config, by its ending."""
    return Path(path).suffix in ENDINGS


def load_formatter(tries: int = 50) -> None:
    """Import yapf, by which mmengine prints configs, also while another process imports it for the first time.

    yapf keeps its grammar in a file that the first process writes; another that reads it meanwhile fails.

    Args:
        tries: how often it is tried, ten times a second.
    """
    for _ in range(tries - 1):
        with suppress(EOFError, pickle.UnpicklingError):
            import_module('yapf.yapflib.yapf_api')
            return
        time.sleep(0.1)
    import_module('yapf.yapflib.yapf_api')


def read_file(path: str | Path) -> tuple[Config, dict[str, bool]]:
    """Read a config, and import what its ``custom_imports`` name.

    Paths to other configs in it, such as ``segmentor=dict(type='Segmentor', config=...)``, are relative to the file, or
    to one that it is based on; in the result they are relative to the current folder, or absolute.

    Args:
        path: or name, as of ``find_config``.

    Returns:
        The config, and its variables, with which settings are made: True for names that its files use, False for those
        of which the files do not tell, as one that a run has saved, in which variables stand beside settings.

    Raises:
        FileNotFoundError: there is no such file, or none that it is based on.
        SyntaxError: it is no Python; the message names the file.
        ValueError: it is based on itself, or what it says goes wrong when it runs.
    """
    load_formatter()
    path = find_config(path)
    if not path.is_file():
        meant = named_alike(path)
        raise FileNotFoundError(f'{path} is a folder: name a config in it.' if path.is_dir() else
                                f'There is no config {path}{f": {meant}" if meant else "."}')
    if path.suffix not in ENDINGS:
        raise ValueError(f'{path} is no config: its name should end in .py (or {", ".join(ENDINGS[1:])}).')
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # custom_imports may name a file in the current folder
    try:
        trees = dict(_trees(path, ()))
        used, others = _variables(trees.values())
        config = Config.fromfile(path, import_custom_modules=False)
    except (CycleError, UnknownConfigError):
        raise
    except FileNotFoundError as error:
        raise FileNotFoundError(f'There is no {error.filename or error}, on which {path} is based.') from None
    except SyntaxError as error:
        line = f'in line {error.lineno} of' if error.lineno else 'in'
        raise SyntaxError(f'{error.msg}, {line} {path} or a file it is based on: {(error.text or "").strip()}'
                          ) from None
    except Exception as error:  # a config is a program, and may raise anything
        raise ValueError(f'{path} cannot be read: {type(error).__name__}: {_first_line(error)}{_place(error)}.'
                         ) from error
    if path.is_relative_to(PACKED):
        object.__setattr__(config, '_filename', from_here(path))  # what messages call it; mmengine has no setter
    import_modules(config, path)
    _find_others(config._cfg_dict, list(dict.fromkeys(each.parent for each in trees)))
    return config, dict.fromkeys(config if others else (), False) | used


def _find_others(node: object, folders: Sequence[Path]) -> None:
    """Replace paths to other configs that are relative to one of the folders."""
    if isinstance(node, dict):
        other = node.get('config')
        if 'type' in node and isinstance(other, str) and '::' not in other:
            node['config'] = next((from_here(path) for path in (folder / other for folder in folders)
                                   if path.is_file()), other)
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ():
        _find_others(part, folders)


def from_here(path: str | Path) -> str:
    """A path as a person at the current folder would give it: relative, if it is below; by name, if it is our own."""
    path = Path(path).resolve()
    if path.is_relative_to(PACKED):
        return NAMED + path.relative_to(PACKED).as_posix()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _variables(trees: Iterable[ast.Module | None]) -> tuple[dict[str, bool], bool]:
    """What ``read_file`` says of variables, as far as Python files tell, and whether there are others."""
    used: dict[str, bool] = {}
    others = False
    for tree in trees:
        if tree is None:
            others = True
            continue
        nodes = list(ast.walk(tree))
        read = {name for node in nodes for name in _names_read(node)}
        assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        if read <= {'dict'} and '_base_' not in assigned:
            used = dict.fromkeys(assigned, False) | used
        used |= dict.fromkeys(read, True)
    return used, others


def _names_read(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):  # '{{_base_.NAME}}'
        yield from re.findall(r'\{\{\s*_base_\.(\w+)', node.value)


def _trees(path: Path, above: Sequence[Path]) -> Iterator[tuple[Path, ast.Module | None]]:
    """A config's file and all that it is based on, each with its syntax tree; None for what is no plain Python config.
    """
    path = path.resolve()
    if path in above:
        chain = ' -> '.join(each.name for each in (*above[above.index(path):], path))
        raise CycleError(f'{above[0]} is based on itself ({chain}): correct _base_ in {above[-1]}.')
    if path.suffix != '.py':
        yield path, None
        return
    tree = ast.parse(path.read_text(encoding='utf-8'))
    yield path, None if any(map(_is_lazy, ast.walk(tree))) else tree
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', None) == '_base_':
            for base in _bases(node.value):
                if base is None or ('::' in base and not base.startswith(NAMED)):  # computed, or in another package
                    yield Path(path.parent, str(base)), None
                elif (found := Path(path.parent, find_config(base))).is_file():  # else mmengine says what is missing
                    yield from _trees(found, (*above, path))


def _bases(node: ast.expr) -> list[str | None]:
    try:
        bases = ast.literal_eval(node)
    except ValueError:
        return [None]
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, list | tuple) or not all(isinstance(base, str) for base in bases):
        raise TypeError(f'_base_={bases!r}, expected the path of a config or a list of paths')
    return list(bases)


def _is_lazy(node: ast.AST) -> bool:
    """Whether a statement makes a config one of mmengine's pure Python style, whose bases are imported."""
    imported = [each.name for each in node.names] if isinstance(node, ast.Import) else (
        [node.module or ''] if isinstance(node, ast.ImportFrom) else [])
    return isinstance(node, ast.With) or any(
        name.partition('.')[0] not in sys.stdlib_module_names for name in imported)


def import_modules(config: Config, path: str | Path) -> None:
    """Import what a config's ``custom_imports`` name.

    Args:
        config: the config.
        path: for the message.

    Raises:
        ValueError: they name no modules, or one that is nowhere.
    """
    named = config.get('custom_imports')
    if not named:
        return
    try:
        modules = [named['imports']] if isinstance(named['imports'], str) else list(named['imports'])
        may_fail = named.get('allow_failed_imports', False)
    except (TypeError, KeyError):
        raise ValueError(f"{path}: custom_imports={named!r}, expected dict(imports=['MODULE', ...]).") from None
    for module in modules:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f'{module}.'.startswith(f'{error.name}.'):
                raise  # from within the module
            if not may_fail:
                raise ValueError(f'{path}: custom_imports names {module}, but there is no module {error.name}: correct '
                                 'the name, start in the folder that holds it, or name that folder in PYTHONPATH.'
                                 ) from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [''])[0].rstrip('.')


def _place(error: Exception) -> str:
    """Where in a config's file it went wrong, if it was in one."""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)
              if '__name__' not in frame.f_globals]
    return f', in line {places[-1][1]} of {places[-1][0]}' if places else ''
