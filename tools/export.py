"""The generator as an ONNX file: python tools/export.py CONFIG CHECKPOINT --out MODEL.onnx."""

import argparse
from pathlib import Path

from semsynth.apis.onnx_file import export
from semsynth.cli.options import add_config_options, plain_errors


@plain_errors()
def main() -> None:
    """Parse the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='trained weights')
    parser.add_argument('--out', required=True, type=Path, help='the file')
    parser.add_argument('--size', nargs=2, type=int, metavar=('HEIGHT', 'WIDTH'),
                        help="size of the layouts (default: the test set's)")
    add_config_options(parser)
    args = parser.parse_args()
    exported = export(args.config, args.checkpoint, args.out, size=args.size and tuple(args.size),
                      cfg_options=args.cfg_options)
    inputs = ', '.join(f'{name} ({", ".join(map(str, shape))})' for name, shape in exported.inputs.items())
    print(f'{exported.path}: {inputs} in, {", ".join(exported.outputs)} out')
    if exported.difference is None:
        print("Not compared with PyTorch: ONNX Runtime is not installed (pip install -e '.[export]').")
    else:
        print(f"ONNX Runtime's images differ from PyTorch's by at most {exported.difference:.1g} in [-1, 1].")


if __name__ == '__main__':
    main()
