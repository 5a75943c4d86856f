"""Train a segmentor on our data sets: semsynth train_segmentor semsynth::segmentors/unet_toycity.py."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from semsynth.cli.options import TRAINING_PRECISION, add_options


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'config', '--work-dir', '--resume', '--cfg-options')
    parser.add_argument('--precision', **TRAINING_PRECISION)


def run(args: Namespace) -> None:
    """Train, and say where the weights are and what they reach."""
    from semsynth.apis import train_segmentor
    from semsynth.config_files import find_config, from_here

    path, scores = train_segmentor(args.config, work_dir=args.work_dir, resume=args.resume,
                                   precision=args.precision, cfg_options=args.cfg_options)
    print(f'{path}: {", ".join(f"{name} {value:.1f}" for name, value in scores.items())} on the validation split')
    print(f"In a config: dict(type='Segmentor', config='{from_here(find_config(args.config))}', checkpoint='{path}')")
