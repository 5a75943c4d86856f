"""Arguments of parts and functions: checked by annotation and by the range of their name, and shown in ``repr``."""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from reprlib import Repr
from typing import Any, Literal, NamedTuple, Union, cast, get_args, get_origin

from semsynth.errors import did_you_mean, either

SHORTENED = Repr()
SHORTENED.maxstring = SHORTENED.maxother = 80


class Range(NamedTuple):
    """The numbers that a name allows, both ends included."""

    low: float
    high: float
    text: str


FROM_0 = Range(0, math.inf, 'from 0 on')
FROM_1 = Range(1, math.inf, 'from 1 on')
ABOVE_0 = Range(math.ulp(0.0), math.inf, 'above 0')
SHARE = Range(0, 1, 'from 0 to 1')
MOST = 2**31 - 1
"""The largest whole number of a size or count: libraries take no larger ones, or take them for something else."""
ANY = Range(-math.inf, math.inf, '')
RANGES = {
    **dict.fromkeys((
        'accumulative_counts', 'base_channels', 'batch_size', 'count', 'embedding_channels', 'encoder_channels',
        'feature_channels', 'hidden_channels', 'history', 'image_channels', 'image_size', 'images', 'in_channels',
        'interval', 'jitter', 'jobs', 'judgments', 'kernel_size', 'latent_dim', 'max_channels', 'max_epochs',
        'max_iters', 'max_keep_ckpts', 'max_objects', 'max_per_class', 'max_pixels', 'micro_batch', 'modulation_kernel',
        'most', 'noise_channels', 'num_layers', 'num_scales', 'num_tokens', 'out_channels', 'pairs', 'partners',
        'per_class', 'per_map', 'per_participant', 'per_step', 'prefetch_factor', 'pyramid_channels', 'ramp',
        'raw_channels', 'repeats', 'samples', 'scale', 'size', 'stride', 'tries', 'val_interval', 'widths',
        'window_size', 'workers'), FROM_1),
    **dict.fromkeys((
        'betas', 'constant', 'dropout', 'flip', 'least_area', 'least_share', 'momentum', 'most_area', 'probability',
        'standing'), SHARE),
    **dict.fromkeys(('init_gain', 'margin', 'max_norm', 'seconds', 'temperature', 'times'), ABOVE_0),
    **dict.fromkeys(('discriminator_weight', 'id_map', 'order', 'paper', 'unknown_ids', 'views', 'weight'), ANY),
    'palette': Range(0, 255, 'from 0 to 255'),
    'port': Range(1, 65535, 'from 1 to 65535'),
    **dict.fromkeys(('seed', 'seeds'), Range(0, 2**32 - 1, 'from 0 to 4294967295'))}
"""By name of a setting or an argument of ours; numbers of any other name are from 0 on."""


def check_value(owner: str, name: str, value: object, annotation: Any, ours: bool = True) -> None:
    """Refuse a value that its annotation or the range of its name does not allow.

    Args:
        owner: begins the message, such as the class whose argument it is.
        name: of the argument or setting; what comes after the last dot decides the range.
        annotation: ``bool``, ``int``, ``float``, ``str``, ``Path``, ``dict``, ``None``, ``Literal``, sequences, tuples
            and dicts of such, and unions. Anything else allows every value.
        ours: whether the name is this library's, which then has a range; a plugin's numbers mean what the plugin says.

    Raises:
        ValueError: one sentence with the value and what was expected.
    """
    allowed = RANGES.get(name.rpartition('.')[2], FROM_0) if ours else ANY
    if not _fits(value, annotation, allowed):
        name, value, annotation = _culprit(name, value, annotation, allowed)
        raise ValueError(f'{owner}: {name}={SHORTENED.repr(value)}, expected {_describe(annotation, allowed)}.')
    if allowed in (FROM_0, FROM_1) and any(isinstance(each, Integral) and int(each) > MOST for each in (
            value if isinstance(value, list | tuple) else [value])):
        raise ValueError(f'{owner}: {name}={SHORTENED.repr(value)}, expected {MOST} at most.')


def check_arguments(target: Callable) -> Callable:
    """Make a class check what it is built with, or a function what it is called with, before anything else.

    A name that no ``__init__`` of the class and its bases has is refused with the nearest ones (TypeError), a value of
    another kind or out of range with what was expected (ValueError). ``repr`` of an instance shows its arguments,
    unless the class has a ``__repr__`` (a torch module: an ``extra_repr``) of its own.
    """
    if not isinstance(target, type):
        return _wrapped(target, lambda args: target.__name__, lambda args: _arguments((target,)))
    is_shown, kind = _show_arguments(target), cast(Any, target)
    if inspect.isfunction(kind.__init__):  # else it has no arguments, or is no class of Python's own
        kind.__init__ = _wrapped(kind.__init__, lambda args: type(args[0]).__name__, lambda args: _arguments(
            _constructors(type(args[0]))), is_shown)
    return target


def kinds_of_arguments(target: type) -> dict[str, Any]:
    """The annotation of each argument that a class can be built with, those of its bases' included."""
    return {name: annotation for name, (annotation, _) in _arguments(_constructors(target))[0].items()}


def check_names(owner: str, names: Iterable[str], *targets: Callable) -> None:
    """Refuse names that are no arguments of a class or function, such as one of mmengine or torch.

    Args:
        owner: begins the message.
        names: of arguments.
        targets: that take them; each gets what the one before it passes on.

    Raises:
        TypeError: says which name, and the nearest ones.
    """
    functions = tuple(each for target in targets for each in (
        _constructors(target) if isinstance(target, type) else (target,)))
    annotations, is_open = _arguments(functions)
    if not is_open and (strangers := [name for name in names if name not in annotations]):
        raise TypeError(_no_argument(owner, strangers[0], annotations))


def _no_argument(owner: str, stranger: str, annotations: Iterable[str]) -> str:
    return f'{owner} has no argument {stranger!r}: ' + did_you_mean(
        stranger, annotations, f'it has {", ".join(sorted(annotations)) or "none"}.')


def _constructors(kind: type) -> tuple[Callable, ...]:
    return tuple(vars(base)['__init__'] for base in kind.__mro__[:-1] if '__init__' in vars(base))


def _show_arguments(target: type) -> bool:
    """Have ``repr`` of a class show the arguments that are kept of each instance; whether they are to be kept."""
    is_module = hasattr(target, 'extra_repr')
    if not is_module and hasattr(target, 'state_dict'):  # a state may be all attributes, as of mmengine's schedules
        return False
    name, show = ('extra_repr', _listed_arguments) if is_module else ('__repr__', _called)
    if getattr(target, name).__qualname__ in ('Module.extra_repr', 'object.__repr__'):
        setattr(target, name, show)
    return getattr(target, name) is show


def _listed_arguments(part: object) -> str:
    return vars(part).get('_built_with', '')


def _called(part: object) -> str:
    return f'{type(part).__name__}({_listed_arguments(part)})'


def _wrapped(function: Callable, owner_of: Callable, arguments_of: Callable, is_shown: bool = False) -> Callable:
    signature = inspect.signature(function)

    @wraps(function)
    def check(*args, **kwargs):
        owner, (annotations, is_open) = owner_of(args), arguments_of(args)
        if not is_open and (strangers := [name for name in kwargs if name not in annotations]):
            raise TypeError(_no_argument(owner, strangers[0], annotations))
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f'{owner}: {error}.') from None
        for name, value in {**bound.arguments, **kwargs}.items():
            if name in annotations:
                check_value(owner, name, value, *annotations[name])
        if is_shown:  # the first to keep them is the class itself, not a base
            vars(args[0]).setdefault('_built_with', _in_words(bound))
        return function(*args, **kwargs)

    return check


def _in_words(bound: inspect.BoundArguments) -> str:
    """``name=value, ...``, each value shortened: no config, tensor or network is kept."""
    bound.apply_defaults()
    _, *given = bound.arguments.items()
    kinds = bound.signature.parameters
    flat = [each for name, value in given for each in (
        value.items() if kinds[name].kind is inspect.Parameter.VAR_KEYWORD else [(name, value)])]
    return ', '.join(f'{name}={" ".join(SHORTENED.repr(value).split())}' for name, value in flat)


@cache
def _arguments(functions: tuple[Callable, ...]) -> tuple[dict[str, tuple[Any, bool]], bool]:
    """Of each argument of a function, and of the next ones where it passes others on, the annotation and whether it is
    this library's; and whether the last function takes others still."""
    annotations: dict[str, tuple[Any, bool]] = {}
    for function in map(inspect.unwrap, functions):
        ours = function.__module__.partition('.')[0] == __package__
        parameters = inspect.signature(function).parameters.values()
        for each in parameters:
            if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and each.name != 'self':
                annotations.setdefault(each.name, (_resolved(each, function), ours))
        if all(each.kind is not each.VAR_KEYWORD for each in parameters):
            return annotations, False
    return annotations, True


def _resolved(parameter: inspect.Parameter, function: Callable) -> Any:
    """A parameter's annotation as an object, its default allowed; ``Any`` where the names in it are not at hand."""
    annotation = parameter.annotation
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, function.__globals__)
        except NameError:  # imported for type checkers only
            return Any
    if annotation is parameter.empty:
        return Any
    return annotation if parameter.default is not None else Union[annotation, None]  # noqa: UP007  of any two objects


def _fits(value: object, annotation: Any, allowed: Range) -> bool:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return any(_fits(value, each, allowed) for each in inner)
    if origin is Literal:
        return value in inner
    if annotation in (None, types.NoneType):
        return value is None
    if annotation is bool:
        return isinstance(value, bool)
    if annotation in (int, float):
        kind = Integral if annotation is int else Real
        return (isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)
                and allowed.low <= float(value) <= allowed.high)
    if annotation is str:
        return isinstance(value, str)
    if annotation is Path:
        return isinstance(value, str | Path)
    if _is_dict(annotation, origin):
        return isinstance(value, Mapping) and (not inner or all(
            _fits(key, inner[0], allowed) and _fits(each, inner[1], allowed) for key, each in value.items()))
    if _is_sequence(annotation, origin):
        if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
            return False
        if origin is tuple and inner[-1] is not Ellipsis:
            return isinstance(value, Sized) and len(value) == len(inner) and all(
                map(_fits, value, inner, [allowed] * len(inner)))
        return not inner or all(_fits(each, inner[0], allowed) for each in value)
    return True


def _culprit(name: str, value: object, annotation: Any, allowed: Range) -> tuple[str, object, Any]:
    """Name, value and annotation of what does not fit: the innermost entry of dicts."""
    kinds = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    for kind in kinds:
        inner = get_args(kind)
        if _is_dict(kind, get_origin(kind)) and inner and isinstance(value, Mapping):
            for key, each in value.items():
                if _fits(key, inner[0], allowed) and not _fits(each, inner[1], allowed):
                    return _culprit(f'{name}.{key}', each, inner[1], allowed)
    return name, value, annotation


def _describe(annotation: Any, allowed: Range, many: bool = False) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return either(dict.fromkeys(_describe(each, allowed, many) for each in inner))
    if origin is Literal:
        return either(map(repr, inner))
    if annotation in (int, float):
        words = {int: ('a whole number', 'whole numbers'), float: ('a number', 'numbers')}[annotation]
        return f'{words[many]} {allowed.text}'.strip()
    if _is_dict(annotation, origin):
        keys = ' from whole numbers to' if inner and inner[0] is int else ' of'
        return ('dicts' if many else 'a dict') + (f'{keys} {_describe(inner[1], allowed, True)}' if inner else '')
    if _is_sequence(annotation, origin):
        if origin is tuple and inner[-1] is not Ellipsis:
            return f'{len(inner)} {_describe(inner[0], allowed, True)}'
        return ('lists' if many else 'a list') + (f' of {_describe(inner[0], allowed, True)}' if inner else '')
    names = {bool: 'True or False', str: 'text', Path: 'text', None: 'None', types.NoneType: 'None'}
    return names.get(annotation, getattr(annotation, '__name__', str(annotation)))


def _is_dict(annotation: Any, origin: Any) -> bool:
    return dict in (annotation, origin) or Mapping in (annotation, origin)


def _is_sequence(annotation: Any, origin: Any) -> bool:
    return any(kind in (annotation, origin) for kind in (list, tuple, Sequence))
