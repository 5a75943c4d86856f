"""Train a segmentor on our data sets: python tools/train_segmentor.py configs/segmentors/unet_toycity.py."""

import argparse

from semsynth.apis.training import train_segmentor
from semsynth.cli.options import add_config_options, plain_errors


@plain_errors()
def main() -> None:
    """Parse the command line, train, and say where the weights are and what they reach."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file, such as those in configs/segmentors')
    parser.add_argument('--work-dir', help='where logs and checkpoints go (default: work_dirs/NAME-OF-CONFIG)')
    parser.add_argument('--resume', action='store_true', help="continue from the work dir's newest whole checkpoint")
    parser.add_argument('--precision', choices=['auto', 'float32', 'bfloat16'], help="of the network (default: the "
                        "config's, auto: bfloat16 on CPUs with units for it)")
    add_config_options(parser)
    args = parser.parse_args()
    path, scores = train_segmentor(args.config, work_dir=args.work_dir, resume=args.resume,
                                   precision=args.precision, cfg_options=args.cfg_options)
    print(f'{path}: {", ".join(f"{name} {value:.1f}" for name, value in scores.items())} on the validation split')


if __name__ == '__main__':
    main()
