"""Images from label maps: python tools/synthesize.py CONFIG CHECKPOINT INPUT... --out DIR."""

import argparse
from pathlib import Path

from semsynth.apis.synthesis import synthesize
from semsynth.cli.options import add_config_options, plain_errors


def style(text: str) -> tuple[str, int]:
    """An object and the number of a cluster."""
    name, _, number = text.rpartition('=')
    if not name or not number.isdecimal():
        raise argparse.ArgumentTypeError(f'expected CLASS=CLUSTER or ID=CLUSTER, such as car=3, found {text}')
    return name, int(number)


@plain_errors()
def main() -> None:
    """Parse the command line and synthesise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='trained weights')
    parser.add_argument('input', nargs='+', help="label maps in the data set's ids (or image-like inputs, as the "
                        'data set has them), or folders of them')
    parser.add_argument('--out', required=True, type=Path, help='folder for NAME.png and, where the model makes edges, '
                        'NAME_edge.png')
    parser.add_argument('--instances', metavar='DIR', help="of instance maps (default: beside the label maps, "
                        "or the data set's)")
    parser.add_argument('--styles', help='file of styles by tools/encode_styles.py, to pick from at random')
    parser.add_argument('--style', nargs='+', type=style, action='extend', default=[], metavar='CLASS=CLUSTER',
                        help='the style of all objects of a class, or with ID=CLUSTER of one')
    parser.add_argument('--photos', help='folder of photos of the layouts: take the styles from them; or, where the '
                        'model has latents, one photo for all layouts')
    parser.add_argument('--samples', type=int, default=1, help='results of each layout: NAME_1.png, ..., and all side '
                        'by side, edges below, in NAME_samples.png')
    parser.add_argument('--seed', type=int, default=0, help='of what is picked at random (default: %(default)s)')
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the GPU where there is one)')
    parser.add_argument('--precision', default='float32', metavar='P', choices=['auto', 'float32', 'bfloat16'],
                        help='auto, float32 or bfloat16 (default: %(default)s)')
    add_config_options(parser)
    args = parser.parse_args()
    count = synthesize(args.config, args.checkpoint, args.input, args.out, instances=args.instances, styles=args.styles,
                       clusters=dict(args.style), photos=args.photos, samples=args.samples, seed=args.seed,
                       device=args.device, precision=args.precision, cfg_options=args.cfg_options)
    print(f'{count} scene{"s" if count != 1 else ""} in {args.out}')


if __name__ == '__main__':
    main()
