"""Train a synthesizer from a config: python tools/train.py configs/ecgan/ecgan_toycity.py."""

import argparse

from semsynth.cli.options import add_config_options, plain_errors
from semsynth.engine.dry_run import dry_run
from semsynth.engine.launch import train


@plain_errors()
def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='where logs and checkpoints go (default: work_dirs/NAME-OF-CONFIG)')
    parser.add_argument('--resume', action='store_true', help="continue from the work dir's newest whole checkpoint")
    parser.add_argument('--precision', choices=['auto', 'float32', 'bfloat16'], help="of the networks; losses and "
                        "statistics stay float32 (default: the config's, auto: bfloat16 on CPUs with units for it)")
    parser.add_argument('--launcher', default='none', choices=['none', 'pytorch', 'slurm'],
                        help='pytorch under torchrun, slurm under srun')
    parser.add_argument('--dry-run', action='store_true',
                        help='print the resolved config, parameter counts, time and memory of one step, then stop')
    add_config_options(parser, 'data_root=PATH train_cfg.max_iters=100')
    args = parser.parse_args()
    if args.dry_run and (args.resume or args.launcher != 'none'):
        parser.error('--dry-run takes the first step of a new run on one rank: leave --resume and --launcher out.')
    if args.dry_run:
        print(dry_run(args.config, precision=args.precision, cfg_options=args.cfg_options))
    else:
        train(args.config, work_dir=args.work_dir, resume=args.resume, precision=args.precision, launcher=args.launcher,
              cfg_options=args.cfg_options)


if __name__ == '__main__':
    main()
