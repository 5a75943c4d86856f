"""How diverse images of one layout are: python tools/diversity.py CONFIG CHECKPOINT INPUT... [--samples 10]."""

import argparse

from semsynth.apis.diversity import measure_diversity
from semsynth.cli.options import add_config_options, plain_errors


@plain_errors()
def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help="config file of the training; its diversity_evaluator measures, or LPIPS")
    parser.add_argument('checkpoint', help='trained weights')
    parser.add_argument('input', nargs='+', help="label maps in the data set's ids (or image-like inputs, as the "
                        'data set has them), or folders of them')
    parser.add_argument('--samples', type=int, default=10, help='images of each layout (default: %(default)s)')
    parser.add_argument('--instances', metavar='DIR', help="of instance maps (default: beside the label maps, "
                        "or the data set's)")
    parser.add_argument('--styles', help='file of styles by tools/encode_styles.py, to pick from at random')
    parser.add_argument('--seed', type=int, default=0, help='of what is picked at random (default: %(default)s)')
    parser.add_argument('--out', help='result file (default: diversity_CHECKPOINT.json beside the checkpoint)')
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the GPU where there is one)')
    add_config_options(parser)
    args = parser.parse_args()
    measure_diversity(args.config, args.checkpoint, args.input, samples=args.samples, seed=args.seed,
                      instances=args.instances, styles=args.styles, out=args.out, device=args.device,
                      cfg_options=args.cfg_options)


if __name__ == '__main__':
    main()
