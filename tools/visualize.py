"""Pictures of the insides: python tools/visualize.py CONFIG CHECKPOINT INPUT... --out DIR."""

import argparse
from pathlib import Path

from semsynth.cli.options import add_config_options, plain_errors
from semsynth.studies.insides import draw_insides


@plain_errors()
def main() -> None:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='trained weights')
    parser.add_argument('input', nargs='+', help="label maps in the data set's ids (or image-like inputs, as the "
                        'data set has them), or folders of them')
    parser.add_argument('--out', default='insides', type=Path, help='folder for NAME_insides.png (default: '
                        '%(default)s)')
    parser.add_argument('--classes', nargs='+', default=[], metavar='CLASS', help='names or indices of the classes '
                        'whose channels are shown (default: the three with the most pixels)')
    parser.add_argument('--segmentor', choices=('judge', 'none'), default='judge', help='of the images: the judge in '
                        'test_evaluator, or nobody (default: %(default)s)')
    parser.add_argument('--instances', metavar='DIR', help="of instance maps (default: beside the label maps, "
                        "or the data set's)")
    parser.add_argument('--styles', help='file of styles by tools/encode_styles.py, to pick from at random')
    parser.add_argument('--photos', help='folder of photos of the layouts: take the styles from them; or, where the '
                        'model has latents, one photo for all layouts')
    parser.add_argument('--seed', type=int, default=0, help='of what is picked at random (default: %(default)s)')
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the GPU where there is one)')
    add_config_options(parser)
    args = parser.parse_args()
    count, left_out = draw_insides(
        args.config, args.checkpoint, args.input, args.out, classes=args.classes, segment=args.segmentor == 'judge',
        instances=args.instances, photos=args.photos, styles=args.styles, seed=args.seed, device=args.device,
        cfg_options=args.cfg_options)
    print(f'{count} sheet{"s" if count > 1 else ""} in {args.out}. {left_out}'.strip())


if __name__ == '__main__':
    main()
