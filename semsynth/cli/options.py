"""What the subcommands share: options, and errors that are one sentence."""

from __future__ import annotations

import sys
from argparse import Action, ArgumentError, ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from semsynth.apis import Inferencer

ON_PURPOSE = (ValueError, OSError, FloatingPointError, SyntaxError)
"""What our own code raises to tell users of a mistake."""
CONFIG_READERS = ('semsynth.registry', 'semsynth.arguments', 'mmengine.registry', 'mmengine.config', 'mmengine.utils')
"""Modules that raise these, and KeyError and TypeError, over what stands in a config."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Exit with status 1 and ``error: SENTENCE`` where the user can mend what went wrong; with 130 after Ctrl-C.

    Any other error, such as one from within a component, keeps its traceback.
    """
    try:
        yield
    except KeyboardInterrupt:
        print('Interrupted.', file=sys.stderr)
        sys.exit(130)
    except (*ON_PURPOSE, KeyError, TypeError) as error:
        if not _is_for_users(error):
            raise
        # A data worker's error comes with the traceback in its message, and the sentence last.
        message = str(error.args[0] if isinstance(error, KeyError) else error)
        message = message.rsplit(f'{type(error).__name__}: ', 1)[-1].strip()
        if _is_of_the_system(error):
            message = f'{error.filename}: {error.strerror}.'
        print(f'error: {" ".join([message, *getattr(error, "__notes__", ())])}', file=sys.stderr)
        sys.exit(1)


def _is_for_users(error: Exception) -> bool:
    *_, (frame, _) = walk_tb(error.__traceback__)
    place = frame.f_globals.get('__name__', '')
    ours = any(name.split('.')[0] == 'semsynth' for name in (place, type(error).__module__))
    return _is_of_the_system(error) or place.startswith(CONFIG_READERS) or (ours and isinstance(error, ON_PURPOSE))


def _is_of_the_system(error: Exception) -> TypeGuard[OSError]:
    """Whether the system refuses a file, such as one that may not be read, or whose name is too long."""
    return isinstance(error, OSError) and error.filename is not None and error.strerror is not None


class _KeysAndValues(Action):
    """mmengine's ``DictAction``, and what is wrong with an option without an equals sign."""

    def __call__(self, parser, namespace, values, option_string=None):
        if wrong := [value for value in values if '=' not in value]:
            raise ArgumentError(self, f'expected KEY=VALUE, found {" ".join(wrong)}')
        from mmengine.config import DictAction  # takes a second

        DictAction(self.option_strings, self.dest)(parser, namespace, values, option_string)


OPTIONS: dict[str, dict[str, Any]] = {
    'config': dict(help='config file of the training, or the name of one, such as semsynth::ecgan/ecgan_toycity.py'),
    'model': dict(metavar='MODEL', help='trained model: a checkpoint, a published folder, or the name of one, such as '
                  'semsynth::models/toycity; or a config, and after it a checkpoint'),
    'checkpoint': dict(nargs='?', metavar='CHECKPOINT', help='its weights, where MODEL is a config'),
    'input': dict(nargs='*', metavar='INPUT', help="label maps in the data set's ids (or image-like inputs, as the "
                  'data set has them), or folders of them (default: the samples of a published model)'),
    '--instances': dict(metavar='DIR', help='folder of instance maps (default: found beside the label maps)'),
    '--photos': dict(help='folder of photos of the layouts: take styles and latents from them; or one photo, '
                     'which gives the latent of all layouts'),
    '--styles': dict(help='file of styles by encode_styles, to pick from at random'),
    '--seed': dict(type=int, default=0, help='seed of random picks (default: %(default)s)'),
    '--device': dict(help='such as cpu or cuda:1 (default: the GPU where there is one)'),
    '--precision': dict(default='float32', metavar='P', choices=['auto', 'float32', 'bfloat16'],
                        help='precision: auto, float32 or bfloat16 (default: %(default)s)'),
    '--work-dir': dict(help='where logs and checkpoints go (default: work_dirs/NAME-OF-CONFIG)'),
    '--resume': dict(action='store_true', help="continue from the work dir's newest whole checkpoint"),
    '--launcher': dict(default='none', choices=['none', 'pytorch', 'slurm'],
                       help='pytorch under torchrun, slurm under srun'),
    '--cfg-options': dict(nargs='+', action=_KeysAndValues, metavar='KEY=VALUE', help='entries of the config to '
                          'override, such as data_root=PATH'),
}
"""Arguments that mean the same in several subcommands."""
TRAINING_PRECISION: dict[str, Any] = dict(
    choices=['auto', 'float32', 'bfloat16'], help="precision of the networks; losses and statistics stay "
                          "float32 (default: the config's, auto: bfloat16 on CPUs with units for it)")


def add_options(parser: ArgumentParser, *names: str) -> None:
    """Add some of ``OPTIONS``."""
    for name in names:
        parser.add_argument(name, **OPTIONS[name])


def load_model(args: Namespace, inputs: list[str] | None = None, optional: bool = False) -> Inferencer:
    """The trained model that the arguments name.

    Args:
        args: with ``model`` and, unless there are inputs, ``checkpoint``.
        inputs: what comes after the model on the command line. After a config the first is its checkpoint, and is
            taken out. Where there are none, the model's samples are put in.
        optional: whether there may be none.

    Raises:
        ArgumentError: a config has no checkpoint after it; or there are no inputs, and the model brings no samples.
    """
    from semsynth.apis import Inferencer
    from semsynth.config_files import is_config

    checkpoint = args.checkpoint if inputs is None else None
    if is_config(args.model):
        if inputs and not _is_layout(inputs[0]):
            checkpoint = inputs.pop(0)
        if checkpoint is None:
            raise ArgumentError(None, f'{args.model} is a config: name its checkpoint after it{_newest(args)}')
    given = {name: value for name, value in vars(args).items() if name in ('styles', 'device', 'precision')}
    inferencer = Inferencer(args.model, checkpoint, cfg_options=args.cfg_options, **given)
    if inputs == [] and not optional:
        inputs += map(str, inferencer.samples)
        if not inputs:
            raise ArgumentError(None, f'{checkpoint or args.model} brings no samples: name label maps, or folders of '
                                      'them, after it')
    return inferencer


def _is_layout(path: str) -> bool:
    """Whether a path is, by its kind or its ending, one of layouts and none of a checkpoint."""
    from pathlib import Path

    from semsynth.data.layout_reader import SUFFIXES

    return Path(path).is_dir() or path.lower().endswith(tuple(end for ends in SUFFIXES.values() for end in ends))


def _newest(args: Namespace) -> str:
    """The newest checkpoint of a config, to end a message with; nothing where it was not trained here."""
    from semsynth.apis.building import newest_checkpoint
    from semsynth.config import load_config

    newest = newest_checkpoint(load_config(args.model, args.cfg_options))
    return f', such as {newest}' if newest else ''
