"""Checkpoint files are read as data: nothing in them can run code."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer


def _statistic(owner: type, name: str):
    """Stands for getattr: mmengine's log history pickles its statistics as ``getattr(HistoryBuffer, name)``."""
    if owner is HistoryBuffer and name in ('min', 'max', 'mean', 'current'):
        return getattr(owner, name)
    raise UnpicklingError(f'getattr({owner!r}, {name!r}) has no place in a checkpoint')


_multiarray = np._core.multiarray

SAFE_GLOBALS = [
    HistoryBuffer, (_statistic, 'builtins.getattr'), np.ndarray, np.dtype,
    np.dtypes.Float64DType, np.dtypes.Float32DType, np.dtypes.Int64DType,
    _multiarray._reconstruct, _multiarray.scalar,
    # numpy 1 wrote the same two under their old address; OpenMMLab's published checkpoints have them.
    (_multiarray._reconstruct, 'numpy.core.multiarray._reconstruct'),
    (_multiarray.scalar, 'numpy.core.multiarray.scalar')]
"""All that mmengine's training checkpoints hold beside tensors and plain Python values."""


def load_checkpoint(path: str | Path) -> dict:
    """Read a checkpoint onto the CPU, with ``weights_only=True``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no whole checkpoint, or it holds objects other than tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'There is no checkpoint {path}.')
    try:
        with torch.serialization.safe_globals(SAFE_GLOBALS):
            stored = torch.load(path, map_location='cpu', weights_only=True)
    except UnpicklingError as error:
        reason = str(error).split('WeightsUnpickler error: ')[-1].splitlines()[0] or 'it is some other kind of file'
        raise ValueError(f'{path} is no checkpoint of tensors and plain values ({reason}); only such files are '
                         f'loaded, since any other object in a checkpoint could run code.') from error
    except Exception as error:  # what a file that is no pickle makes unpickling raise is anyone's guess
        reason = str(error).splitlines()[0] if str(error) else 'it is empty'
        raise ValueError(f'{path} is torn or no checkpoint ({reason}); use another one.') from error
    if not isinstance(stored, dict):
        raise ValueError(f'{path} is no checkpoint: it holds a {type(stored).__name__}, not tensors by name.')
    return stored
