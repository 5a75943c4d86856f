"""Files that torch wrote, read as data, whole or not at all: nothing in them can run code.

A file is first compared with its checksums, then outlined: what it names must have a place in a checkpoint, and its
tensors must be as long as it says. Then torch reads it with ``weights_only=True``, and what it allows beyond that
goes through stand-ins that know plain numbers only.
"""

from __future__ import annotations

import re
import warnings
import zlib
from collections import OrderedDict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import torch
from mmengine.logging.history_buffer import HistoryBuffer

from semsynth.safe_reading.pickle_outline import Outline
from semsynth.safe_reading.pickled_numbers import STAND_INS, Array, Kind

_HISTORY = 'mmengine.logging.history_buffer.HistoryBuffer'
_LEGACY_PICKLES = 3
"""Before the tensors' own: a magic number, a version, and facts of the machine."""


class DamagedError(ValueError):
    """A file is not as torch wrote it."""


class History:
    """Stands for mmengine's log history while a file is read: its own unpickling changes the class of all of them."""

    history: HistoryBuffer

    def __setstate__(self, state: dict) -> None:
        """Make the history of its numbers."""
        log, count = (state[name].array for name in ('_log_history', '_count_history'))
        if log.ndim != 1 or log.shape != count.shape or type(state['max_length']) is not int:
            raise UnpicklingError('it holds a log history that is none')
        self.history = HistoryBuffer(log, count, state['max_length'])


def _statistic(owner: type, name: str) -> str:
    """Stands for getattr: a log history names its statistics as ``getattr(HistoryBuffer, name)``."""
    if owner is not History or name not in ('min', 'max', 'mean', 'current'):
        raise UnpicklingError(f'it asks for the attribute {name!r:.40}')
    return name


def _no_bytes() -> bytes:
    return b''


SAFE_GLOBALS: list[Any] = [(stand_in, name) for name, stand_in in STAND_INS.items()] + [
    (History, _HISTORY), (_statistic, 'builtins.getattr'), (_no_bytes, 'builtins.bytes')]
"""All that training checkpoints hold beside tensors and plain Python values, and what stands for it."""


def read_stored(path: str | Path) -> Any:
    """Read what ``torch.save`` wrote onto the CPU: tensors and plain values.

    Files of torch before 1.6 have no checksums; the sizes of their tensors are compared all the same.

    Raises:
        ValueError: the file cannot be read, is damaged, is none of torch's, or holds other objects.
    """
    path = Path(path)
    try:
        check_whole(path)
        _check_outline(path)
        with torch.serialization.safe_globals(SAFE_GLOBALS), warnings.catch_warnings():
            warnings.filterwarnings('ignore', message='Detected pickle protocol')  # refused where it matters
            return _real(torch.load(path, map_location='cpu', weights_only=True), {})
    except DamagedError:
        raise
    except PermissionError as error:
        raise ValueError(f'{path} cannot be read ({error.strerror}): change the rights of the file.') from error
    except UnpicklingError as error:
        raise ValueError(f'{path} is no checkpoint of tensors and plain values ({_reason(error)}); only such files are '
                         f'loaded, since any other object in a checkpoint could run code.') from error
    except Exception as error:  # what a file that is no pickle makes unpickling raise is anyone's guess
        raise ValueError(f'{path} is torn or no checkpoint ({_reason(error)}); use another one.') from error


def check_whole(path: str | Path) -> bool:
    """Compare a checkpoint with its checksums.

    Returns:
        Whether it has any: it is a zip archive then, as torch writes since 1.6.

    Raises:
        DamagedError: it is torn, damaged, or packs more than it is long.
    """
    if not _is_archive(path):
        return False
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
            if any(member.filename.endswith('/constants.pkl') for member in members):
                raise DamagedError(f'{path} is a TorchScript archive, which holds code, and no checkpoint: save the '
                                 "network's state_dict() with torch.save.")
            names = {member.filename.lower() for member in members}
            size = sum(member.file_size for member in members)
            packed = any(member.compress_type != ZIP_STORED for member in members)
            if packed or size > Path(path).stat().st_size or len(names) < len(members):
                raise DamagedError(f'{path} is no checkpoint as torch writes them: its archive is compressed, or holds '
                                 'something twice; save it anew with torch.save.')
            damaged = archive.testzip()
    except (BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DamagedError(f'{path} is torn or no checkpoint ({_reason(error)}); use another one.') from error
    if damaged:
        raise DamagedError(f'{path} is damaged: {damaged} in it does not match its checksum; copy or download it '
                           'again, or use another one.')
    return True


def _is_archive(path: str | Path) -> bool:
    with Path(path).open('rb') as file:
        return file.read(4) == b'PK\x03\x04'  # what torch looks at


def _check_outline(path: Path) -> None:
    if _is_archive(path):
        with ZipFile(path) as archive:
            sizes = {member.filename.partition('/')[2]: member.file_size for member in archive.infolist()}
            root = archive.namelist()[0].partition('/')[0]
            with archive.open(f'{root}/data.pkl') as file:
                wanted = Outline.of(file).storages
        for key, size in wanted.items():
            if sizes.get(f'data/{key}') != size:
                raise ValueError(f'its tensor {key:.40} should have {size} bytes and has '
                                 f'{sizes.get(f"data/{key}", 0)}')
        return
    with path.open('rb') as file:
        for _ in range(_LEGACY_PICKLES):
            Outline.of(file)
        wanted = Outline.of(file).storages
    if sum(wanted.values()) > path.stat().st_size:
        raise ValueError('its tensors should have more bytes than the file')


def _real(value, done: dict[int, tuple]):
    """Put what stand-ins stand for in their place, in dicts and lists as they are; ``done`` has each part but once."""
    if isinstance(value, Array):
        return value.array
    if isinstance(value, Kind):
        return value.dtype
    if isinstance(value, History):
        return value.history
    if callable(value):
        raise UnpicklingError('it holds a function or class')
    if not isinstance(value, dict | list | tuple):
        return value
    if id(value) not in done:
        done[id(value)] = value, value  # kept, so that its id stays its own
        if isinstance(value, OrderedDict):
            value.__dict__ = {name: _real(part, done) for name, part in vars(value).items() if name == '_metadata'}
        if isinstance(value, dict):
            for key, part in value.items():
                value[key] = _real(part, done)
        elif isinstance(value, list):
            value[:] = [_real(part, done) for part in value]
        elif type(value) is tuple:
            done[id(value)] = value, tuple(_real(part, done) for part in value)
    return done[id(value)][1]


def _reason(error: Exception) -> str:
    """What is wrong, in words; torch's own come with advice to load the file unsafely."""
    reason = str(error).rsplit('WeightsUnpickler error:', 1)[-1].strip().split('\n')[0] or 'it is empty'
    return 'it holds something else' if re.search('weights_only|safe_globals', reason) else reason[:200]
