"""Images from label maps: python tools/synthesize.py CONFIG CHECKPOINT INPUT... --out DIR."""

import argparse
from pathlib import Path

from rich.progress import track

from semsynth.apis.inferencer import Inferencer
from semsynth.command_line import add_config_options, plain_errors
from semsynth.visualise import save_images


@plain_errors()
def main() -> None:
    """Parse the command line and synthesise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='trained weights')
    parser.add_argument('input', nargs='+', help="label maps in the data set's ids, or folders of them; no photos")
    parser.add_argument('--out', required=True, type=Path, help='folder for NAME.png and, where the model makes edges, '
                        'NAME_edge.png')
    parser.add_argument('--instances', help='folder of the instance maps (default: beside the label maps)')
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the GPU where there is one)')
    add_config_options(parser)
    args = parser.parse_args()
    inferencer = Inferencer(args.config, args.checkpoint, args.device, args.cfg_options)
    layouts = inferencer.find(args.input, args.instances)
    for result in track(inferencer(layouts), 'Synthesising', len(layouts)):
        save_images(result, args.out)
    print(f'{len(layouts)} scenes in {args.out}')


if __name__ == '__main__':
    main()
