"""Registries: every part of semsynth is built from a config dict by one of these."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from mmengine import registry as engine
from mmengine.registry import Registry as EngineRegistry

from semsynth.arguments import SHORTENED, check_arguments, kinds_of_arguments
from semsynth.errors import did_you_mean

PLUGIN_GROUP = 'semsynth.plugins'


@cache
def load_plugins() -> None:
    """Import every installed package that announces itself in the entry point group ``semsynth.plugins``."""
    for plugin in entry_points(group=PLUGIN_GROUP):
        plugin.load()


class UnknownType(str):
    """A type that a checkpoint or another stranger's file names, and that is registered nowhere: it is not imported."""

    def about(self) -> str:
        """The sentence that refuses to build it."""
        return (f'{self!r} is no type of semsynth, and a checkpoint or a published folder imports nothing: if it is a '
                'part of yours, name its module with --cfg-options custom_imports.imports=MODULE (from Python: in '
                'cfg_options).')


class Registry(EngineRegistry):
    """A registry that knows plugins, has its classes check their arguments, and names the nearest types to a misspelt
    one.

    Args:
        name: of the family.
        base: name of the family's base class in the first of its ``locations``, from which every entry must inherit;
            None where any class may be registered.
        settings: as of mmengine's registries.
    """

    def __init__(self, name: str, *, base: str | None = None, **settings):
        self.base = base
        super().__init__(name, **settings)

    def import_from_location(self) -> None:
        """Import this registry's own modules, then the installed plugins, once."""
        super().import_from_location()
        load_plugins()

    def build(self, cfg: dict, *args, **kwargs):
        """Build ``cfg``.

        Raises:
            KeyError: nothing of that type is registered, and the message lists the nearest names and where to look; or
                there is no type.
            TypeError: an argument is none of that type's. Where it is one of another type's, a note says what may have
                brought it in.
        """
        if isinstance(cfg, dict) and 'type' not in (kwargs.get('default_args') or {}):
            self._named(cfg)
        try:
            return super().build(cfg, *args, **kwargs)
        except TypeError as error:
            if other := self._left_by(cfg):
                error.add_note(f'{other} has it: where a config gives a part another type than its base does, '
                               '_delete_=True beside the type drops the arguments of the old one.')
            raise

    def _left_by(self, cfg: dict) -> str | None:
        """Another type of this registry that has an argument which the one that a config names has not."""
        strangers = cfg.keys() - kinds_of_arguments(self.kind_of(cfg)).keys() - {'type'}
        return next((name for name, kind in self.module_dict.items() if isinstance(kind, type)
                     and strangers & kinds_of_arguments(kind).keys()), None) if strangers else None

    def kind_of(self, cfg: dict) -> Any:
        """The class that a config's type names.

        Raises:
            KeyError: as of :meth:`build`.
        """
        kind = self._named(cfg)
        return self.get(kind) if isinstance(kind, str) else kind

    def _named(self, cfg: dict) -> Any:
        if isinstance(cfg.get('type'), UnknownType):
            raise KeyError(cfg['type'].about())
        if cfg.get('type') is None:
            raise KeyError(f'A config of the {self.name} registry names no type: {SHORTENED.repr(dict(cfg))}. '
                           'Give it one; or, if it was meant to change an entry that there is, correct the name.')
        return cfg['type']

    def get(self, key: str) -> type:
        """What is registered under a name.

        Raises:
            KeyError: nothing is; the message lists the nearest names and where to look.
            TypeError: what is does not inherit from the family's base class.
        """
        if isinstance(key, UnknownType):
            raise KeyError(key.about())
        found = super().get(key) if key else None  # mmengine's own has an error of another kind for it
        if found is None:
            raise KeyError(self._unknown(key))
        if self.base is not None and not issubclass(found, getattr(import_module(self._locations[0]), self.base)):
            raise TypeError(f'{key!r} of the {self.name} registry is no {self.base}, which declares what other parts '
                            f'read: let the class inherit from {self._locations[0]}.{self.base}.')
        return found

    def __contains__(self, key: str) -> bool:
        return bool(key) and not isinstance(key, UnknownType) and super().get(key) is not None

    def _register_module(self, module, module_name=None, force=False) -> None:
        super()._register_module(module, module_name, force)
        if isinstance(module, type):
            check_arguments(module)

    def _unknown(self, kind: str) -> str:
        known = sorted(set(self.module_dict) | set(self.parent.module_dict if self.parent else ()))
        names = did_you_mean(kind.split('.')[-1], known, f'it has {", ".join(known) or "nothing"}.')
        return (f'{kind!r} is not in the {self.name} registry: {names} A component of your own is found when its '
                f'module is named in custom_imports or its package has an entry point in {PLUGIN_GROUP!r}.')


def _family(name: str, base: str, location: str) -> Registry:
    return Registry(name, base=base, scope='semsynth', locations=[location])


GENERATORS = _family('generator', 'Generator', 'semsynth.generators')
HEADS = _family('head', 'Head', 'semsynth.heads')
ENCODERS = _family('encoder', 'Encoder', 'semsynth.encoders')
DISCRIMINATORS = _family('discriminator', 'Discriminator', 'semsynth.discriminators')
LOSSES = _family('loss', 'Loss', 'semsynth.losses')
SEGMENTORS = _family('segmentor', 'Segmentor', 'semsynth.segmentors')


def _child(name: str, parent: EngineRegistry, *locations: str) -> Registry:
    return Registry(name, parent=parent, scope='semsynth', locations=list(locations))


MODELS = _child('model', engine.MODELS, 'semsynth.models', 'semsynth.data')
EVALUATORS = _child('evaluator', engine.METRICS, 'semsynth.evaluators')
DATASETS = _child('dataset', engine.DATASETS, 'semsynth.data')
TRANSFORMS = _child('transform', engine.TRANSFORMS, 'mmcv.transforms', 'semsynth.data')
DATA_SAMPLERS = _child('data sampler', engine.DATA_SAMPLERS, 'semsynth.engine')
HOOKS = _child('hook', engine.HOOKS, 'mmengine.hooks', 'semsynth.engine')
LOOPS = _child('loop', engine.LOOPS, 'mmengine.runner', 'semsynth.engine')
OPTIM_WRAPPERS = _child('optimiser wrapper', engine.OPTIM_WRAPPERS, 'mmengine.optim', 'semsynth.engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    'optimiser constructor', engine.OPTIM_WRAPPER_CONSTRUCTORS, 'mmengine.optim', 'semsynth.engine')
PARAM_SCHEDULERS = _child('parameter scheduler', engine.PARAM_SCHEDULERS, 'mmengine.optim', 'semsynth.engine')
OPTIMIZERS = _child('optimizer', engine.OPTIMIZERS, 'mmengine.optim')
VISBACKENDS = _child('visualisation backend', engine.VISBACKENDS, 'mmengine.visualization', 'semsynth.engine')

# mmengine warns in every run about each of its registries that has no child in the default scope, or one without a
# location.
for _parent in (engine.MODEL_WRAPPERS, engine.LOG_PROCESSORS, engine.VISUALIZERS, engine.EVALUATOR,
                engine.FUNCTIONS, engine.WEIGHT_INITIALIZERS):
    _child(_parent.name, _parent, __name__)


def is_registered(kind: object) -> bool:
    """Whether a type, ``'Type'`` or ``'scope.Type'``, is in one of the registries here, of mmengine or of mmseg.

    Unlike a registry itself, this imports nothing that the name says: mmengine takes ``'os.system'`` for a type.
    """
    if not isinstance(kind, str):
        return False
    scope, _, name = kind.rpartition('.')
    known = [each for each in (*globals().values(), *vars(engine).values()) if isinstance(each, EngineRegistry)]
    return any(_has(each, name) for each in known if scope in ('', each.scope)) or any(
        _has(each, name) for each in _registries_of_mmseg() if scope in ('', each.scope))


def _has(registry: EngineRegistry, name: str) -> bool:
    if name not in registry.module_dict:
        registry.import_from_location()
    return name in registry.module_dict


@cache
def _registries_of_mmseg() -> list[EngineRegistry]:
    return [each for each in vars(import_module('mmseg.registry')).values() if isinstance(each, EngineRegistry)]
