"""What a checkpoint's pickle names and which tensors it wants, found without doing any of it."""

from __future__ import annotations

import pickletools
from dataclasses import dataclass, field
from pickle import UnpicklingError
from typing import IO

import torch

from semsynth.safe_reading.pickled_numbers import STAND_INS

STORAGES = {'torch.storage.UntypedStorage': 1} | {f'torch.{kind}Storage': size for kind, size in dict(
    Double=8, Float=4, Half=2, BFloat16=2, Long=8, Int=4, Short=2, Char=1, Byte=1, Bool=1, ComplexDouble=16,
    ComplexFloat=8).items()}
"""Bytes of a number in each kind of a tensor's memory."""

CALLED = {'collections.OrderedDict', 'collections.Counter', 'torch.Size', 'torch.device',
          'torch._utils._rebuild_tensor', 'torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor_v3',
          'torch._utils._rebuild_parameter',
          'mmengine.logging.history_buffer.HistoryBuffer', '_codecs.encode', *(STAND_INS.keys() - {'numpy.ndarray'}),
          *(f'{module}.{name}' for module in ('builtins', '__builtin__') for name in ('set', 'bytes', 'getattr'))}
"""What a checkpoint calls to make its tensors, plain values and log histories."""

NAMED = CALLED | STORAGES.keys() | STAND_INS.keys() | {
    str(dtype) for dtype in vars(torch).values() if isinstance(dtype, torch.dtype)}
"""All that a checkpoint may name."""


@dataclass(frozen=True)
class Name:
    """Something that a pickle names."""

    name: str


@dataclass
class Outline:
    """A pickle, read as a list of instructions.

    Args:
        storages: bytes of each tensor's memory, by its key in the file.
    """

    storages: dict[str, int] = field(default_factory=dict)
    _stack: list = field(default_factory=list)
    _marked: list = field(default_factory=list)
    _memo: dict = field(default_factory=dict)

    @classmethod
    def of(cls, file: IO[bytes]) -> Outline:
        """The outline of the pickle that begins here.

        Raises:
            UnpicklingError: it names something that has no place in a checkpoint.
            ValueError: it is no pickle, or ends too soon.
        """
        outline = cls()
        try:
            for opcode, argument, _ in pickletools.genops(file):
                outline._follow(opcode.name, argument)
        except UnpicklingError:
            raise
        except Exception as error:  # what is no pickle fails in all sorts of ways
            raise ValueError('it does not hold what torch.save writes') from error
        return outline

    def _follow(self, opcode: str, argument) -> None:
        stack = self._stack
        match opcode:
            case 'PROTO' | 'STOP':
                pass
            case 'BININT' | 'BININT1' | 'BININT2' | 'LONG1' | 'BINFLOAT' | 'BINUNICODE' | 'SHORT_BINSTRING':
                stack.append(argument)
            case 'NONE' | 'NEWTRUE' | 'NEWFALSE' | 'EMPTY_DICT':
                stack.append(None)
            case 'EMPTY_TUPLE':
                stack.append(())
            case 'EMPTY_LIST':
                stack.append([])
            case 'GLOBAL':
                stack.append(Name(_known('names', argument.replace(' ', '.', 1), NAMED)))
            case 'MARK':
                self._marked.append(stack)
                self._stack = []
            case 'TUPLE':
                self._stack = self._marked.pop()
                self._stack.append(tuple(stack))
            case 'APPENDS':
                self._stack = self._marked.pop()
                self._stack[-1].extend(stack)
            case 'SETITEMS':
                self._stack = self._marked.pop()
                _check_keys(stack[::2])
            case 'TUPLE1' | 'TUPLE2' | 'TUPLE3':
                stack[-int(opcode[-1]):] = [tuple(stack[-int(opcode[-1]):])]
            case 'REDUCE' | 'NEWOBJ':
                arguments, called = stack.pop(), stack.pop()
                _check_call(called, arguments)
                stack.append(None)
            case 'BUILD':
                stack.pop()
            case 'APPEND':
                stack[-2].append(stack.pop())
            case 'SETITEM':
                _check_keys(stack[-2:-1])
                del stack[-2:]
            case 'BINPERSID':
                self._want(stack.pop())
                stack.append(None)
            case 'BINPUT' | 'LONG_BINPUT':
                self._memo[argument] = stack[-1]
            case 'BINGET' | 'LONG_BINGET':
                stack.append(self._memo[argument])
            case _:
                raise UnpicklingError(f'it holds the instruction {opcode}, which torch does not write')

    def _want(self, wanted) -> None:
        match wanted:
            case ('storage' | b'storage', Name(kind), str(key), _, int(length), *_) if kind in STORAGES and length >= 0:
                size = length * STORAGES[kind]
                if self.storages.setdefault(key, size) != size:
                    raise UnpicklingError(f'it says two sizes of the tensor {key:.40}')
            case _:
                raise UnpicklingError('it wants a tensor that is none')


def _known(does: str, name: str, names: set[str]) -> str:
    if name not in names:
        raise UnpicklingError(f'it {does} {name:.80}')
    return name


def _check_call(called, arguments) -> None:
    if not isinstance(called, Name) or not isinstance(arguments, tuple):
        raise UnpicklingError('it calls something that has no name')
    match _known('calls', called.name, CALLED), arguments:
        case '_codecs.encode', (str(), 'latin1'):
            pass
        case '_codecs.encode', _:
            raise UnpicklingError('it encodes something else than bytes')
        case ('builtins.bytes' | '__builtin__.bytes'), (_, *_):
            raise UnpicklingError('it makes bytes of something else')
        case ('builtins.set' | '__builtin__.set'), ([*elements],):
            _check_keys(elements)
        case ('builtins.set' | '__builtin__.set'), _:
            raise UnpicklingError('it makes a set of something else than a list')


def _check_keys(keys: list) -> None:
    # the hash of tuples of the same tuples of the same tuples takes time without end
    if any(isinstance(key, tuple) for key in keys):
        raise UnpicklingError('it holds a tuple as a key')
