"""Edit layouts in the browser, and the image follows: python tools/edit.py CONFIG CHECKPOINT [LAYOUT...]."""

import argparse

from semsynth.cli.options import add_config_options, plain_errors
from semsynth.editor.page import serve_editor


@plain_errors()
def main() -> None:
    """Parse the command line and serve the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='trained weights')
    parser.add_argument('layout', nargs='*', help="label maps in the data set's ids, or folders of them: to choose "
                        'from')
    parser.add_argument('--styles', help='file of styles by tools/encode_styles.py, to choose from')
    parser.add_argument('--segmentor', nargs='*', metavar='FILE', help='CONFIG CHECKPOINT of a segmentor that labels '
                        "photos; without values the config's own judge or label generator")
    parser.add_argument('--instances', metavar='DIR', help="of instance maps (default: beside the label maps, "
                        "or the data set's)")
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the GPU where there is one)')
    parser.add_argument('--precision', default='float32', metavar='P', choices=['auto', 'float32', 'bfloat16'],
                        help='auto, float32 or bfloat16 (default: %(default)s)')
    parser.add_argument('--port', type=int, help='(default: the first that is free from 7860 on)')
    add_config_options(parser)
    args = parser.parse_args()
    if args.segmentor and len(args.segmentor) != 2:
        parser.error(f'--segmentor takes CONFIG CHECKPOINT, or nothing, not {" ".join(args.segmentor)}')
    page = serve_editor(args.config, args.checkpoint, args.layout, styles=args.styles, segmentor=args.segmentor,
                        instances=args.instances, device=args.device, precision=args.precision, port=args.port,
                        cfg_options=args.cfg_options)
    print(f'The editor is at {page.local_url} (Ctrl+C ends it)', flush=True)
    page.block_thread()


if __name__ == '__main__':
    main()
