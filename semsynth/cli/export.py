"""The generator as an ONNX file: semsynth export MODEL --out MODEL.onnx."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from semsynth.cli.options import add_options, load_model


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'model', 'checkpoint')
    parser.add_argument('--out', required=True, help='the file')
    parser.add_argument('--size', nargs=2, type=int, metavar=('HEIGHT', 'WIDTH'),
                        help="size of the layouts (default: the test set's)")
    add_options(parser, '--cfg-options')
    parser.set_defaults(device='cpu')


def run(args: Namespace) -> None:
    """Export."""
    from semsynth.apis import export

    exported = export(load_model(args), args.out, size=args.size and tuple(args.size))
    inputs = ', '.join(f'{name} ({", ".join(map(str, shape))})' for name, shape in exported.inputs.items())
    print(f'{exported.path}: {inputs} in, {", ".join(exported.outputs)} out')
    if exported.difference is None:
        print("Not compared with PyTorch: ONNX Runtime is not installed (pip install 'semsynth[export]').")
    else:
        print(f"ONNX Runtime's images differ from PyTorch's by at most {exported.difference:.1g} in [-1, 1].")
