"""Judge a trained model on its test set: python tools/test.py CONFIG CHECKPOINT."""

import argparse

from semsynth.apis.evaluation import evaluate
from semsynth.cli.options import add_config_options, plain_errors


@plain_errors()
def main() -> None:
    """Parse the command line and evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file, with a test_evaluator')
    parser.add_argument('checkpoint', nargs='?', help='trained weights; without them the untrained generator is judged')
    parser.add_argument('--styles', help='file of styles by tools/encode_styles.py, for a model with styles')
    parser.add_argument('--out', help='result file (default: results_CHECKPOINT.json beside the checkpoint)')
    parser.add_argument('--launcher', default='none', choices=['none', 'pytorch', 'slurm'],
                        help='pytorch under torchrun, slurm under srun')
    add_config_options(parser)
    args = parser.parse_args()
    evaluate(args.config, args.checkpoint, out=args.out, launcher=args.launcher, cfg_options=args.cfg_options,
             styles=args.styles)


if __name__ == '__main__':
    main()
