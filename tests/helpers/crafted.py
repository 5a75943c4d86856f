"""Checkpoints that someone forged: each would crash the process, eat its memory, or call something, if it were let."""

import io
import pickle
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch

core = np._core.multiarray


class Call:
    """Pickled as a call, and perhaps a state for what it returns."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.reduced


def array(kind, data, shape=(1,)):
    return Call(core._reconstruct, np.ndarray, (0,), b'b', state=(1, shape, kind, False, data))


def kind(code, *state):
    return Call(np.dtype, code, False, True, state=state or None)


class Chain:
    """Each step doubles the bytes of the one before."""

    def __init__(self, steps):
        self.steps = steps

    def __reduce__(self):
        import _codecs
        return _codecs.encode, (Chain(self.steps - 1) if self.steps else b'ab', 'hex')


PAIRS = b')' + b'q\x01h\x01\x86' * 60
"""Instructions of a tuple of the same tuple, twice, of ... : its hash would take 2 to the power of 60 steps."""
POINTER = b'AAAAAAAA'
PARTS = dict(
    object_array=lambda: array(np.dtype('O'), POINTER),
    object_list=lambda: array(np.dtype('O'), [1]),
    forged_flags=lambda: array(kind('f8', 3, '|', None, None, None, 8, 8, 63), POINTER),
    forged_size=lambda: array(kind('f8', 3, '<', None, None, None, 1 << 30, 1, 0), POINTER),
    forged_record=lambda: array(kind('V8', 3, '|', None, ('a',), {'a': (np.dtype('O'), 0)}, 8, 1, 27), POINTER),
    forged_subarray=lambda: array(kind('f8', 3, '<', (np.dtype('f8'), (1 << 20,)), None, None, 8, 8, 0), POINTER),
    dtype_of_dtype=lambda: Call(np.dtype, np.dtype('O')),
    record=lambda: np.zeros(1, 'i4,f4'),
    text=lambda: np.array(['a']),
    short_array=lambda: array(np.dtype('f8'), POINTER, (1 << 40,)),
    negative_shape=lambda: array(np.dtype('f8'), POINTER, (-1, -1)),
    odd_shape=lambda: array(np.dtype('f8'), POINTER, (1.0,)),
    object_number=lambda: Call(core.scalar, np.dtype('O'), POINTER),
    short_number=lambda: Call(core.scalar, np.dtype('f8'), b'A'),
    called_array=lambda: Call(np.ndarray, (1 << 40,), np.dtype('u1')),
    object_called=lambda: Call(np.ndarray, (4,), np.dtype('O')),
    nested=lambda: [dict(a=(1, [array(np.dtype('O'), POINTER)]))],
    getattr_of_array=lambda: Call(getattr, np.ndarray, '__init__'),
    memory=lambda: Call(bytearray, 1 << 44),
    tensor_called=lambda: Call(torch.Tensor, 1 << 40),
    storage_called=lambda: Call(torch.UntypedStorage, 1 << 44),
    doubled=lambda: Chain(60),
    system=lambda: Call(__import__('os').system, 'true'),
    evaluated=lambda: Call(eval, '1'),
    function=lambda: torch._utils._rebuild_tensor_v2,
)


def edited(path, edit):
    """A checkpoint of one tensor, ``(4,)`` float32, whose pickle is edited."""
    file = io.BytesIO()
    torch.save(dict(state_dict=dict(w=torch.ones(4))), file)
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(path, 'w') as out:
        for name in archive.namelist():
            content = archive.read(name)
            out.writestr(name, edit(content) if name.endswith('data.pkl') else content)


def write_all(folder):
    """Write all of them, ``NAME.pth``, in both of torch's formats."""
    folder = Path(folder)
    for name, make in PARTS.items():
        for suffix, zipped in (('', True), ('_legacy', False)):
            torch.save(dict(state_dict=dict(w=make())), folder / f'{name}{suffix}.pth',
                       _use_new_zipfile_serialization=zipped)
    long, huge = b'K\x04', b'J' + struct.pack('<i', 1 << 30)
    edited(folder / 'beyond.pth', lambda pickled: pickled.replace(long, huge))
    edited(folder / 'wide.pth', lambda pickled: huge.join(pickled.rsplit(long, 1)))
    edited(folder / 'nobody.pth', lambda pickled: pickled.replace(b'0', b'7', 1))
    edited(folder / 'memo.pth', lambda pickled: b'\x80\x02Nr\xff\xff\xff\x7f.')
    edited(folder / 'opcode.pth', lambda pickled: pickle.dumps(dict(w=1), protocol=4))
    edited(folder / 'key.pth', lambda pickled: b'\x80\x02}' + PAIRS + b'Ns.')
    edited(folder / 'keys.pth', lambda pickled: b'\x80\x02}(' + PAIRS + b'Nu.')
    edited(folder / 'set.pth', lambda pickled: b'\x80\x02c__builtin__\nset\n](' + PAIRS + b'e\x85R.')
    edited(folder / 'empty.pth', lambda pickled: b'')
    edited(folder / 'deep.pth', lambda pickled: b'\x80\x02}X\x01\x00\x00\x00w)' + b'\x85' * 100_000 + b's.')


def try_all(folder):
    """Print how each is refused."""
    from semsynth.weights import load_checkpoint
    for path in sorted(Path(folder).glob('*.pth')):
        try:
            print(f'{path.name}: loaded {load_checkpoint(path)!r:.80}')
        except ValueError as error:
            print(f'{path.name}: refused: {error}')


if __name__ == '__main__':
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    try_all(sys.argv[1])
