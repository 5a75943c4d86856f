"""Speed and memory beside plain implementations, as a Markdown table: semsynth benchmark CASE."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from semsynth.cli.options import add_options


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    cases = parser.add_subparsers(dest='case', required=True, metavar='CASE')
    common = ArgumentParser(add_help=False)
    common.add_argument('--device', help='cpu or cuda (default: the GPU where there is one; data are '
                        'loaded on the CPU)')
    common.add_argument('--repeats', type=_count, default=5, help='rounds that are counted (default: %(default)s)')

    case = cases.add_parser('class_specific', parents=[common], help='class-specific pixel generation (ECGAN, eq. 7) '
                            'at several numbers of classes')
    case.add_argument('--sizes', nargs='+', type=_size, default=[(128, 256)], metavar='HxW', help='(default: 128x256)')
    case.add_argument('--channels', nargs='+', type=_count, default=[16], help='of the features (default: 16)')
    case.add_argument('--classes', nargs='+', type=_count, default=[19, 183], help='(default: 19 183)')
    case.add_argument('--maps', nargs='+', default=[], metavar='FILE', help='label or instance maps, ids modulo the '
                      'number of classes (default: regions are drawn)')
    case.add_argument('--versions', nargs='+', default=['fast', 'plain'], help='(default: fast plain)')

    case = cases.add_parser('contrast', parents=[common], help='pixel contrast (ECGAN, eq. 5) over every pixel')
    case.add_argument('--pixels', nargs='+', type=_count, default=[4096, 8192], help='(default: 4096 8192)')
    case.add_argument('--channels', type=_count, default=64, help='of the embeddings (default: %(default)s)')
    case.add_argument('--classes', nargs='+', type=_count, default=[19], help='(default: 19)')
    case.add_argument('--versions', nargs='+', default=['fast', 'plain'], help='of fast, plain, fused '
                      '(kernels, on a GPU; default: fast plain)')

    case = cases.add_parser('data', parents=[common], help="loading of a config's training scenes, from the original "
                            'data and from a resized copy')
    case.add_argument('config', help='config file whose training pipeline resizes right after loading')
    case.add_argument('--copy', default='work_dirs/benchmark_data', help='folder for the copy (default: %(default)s)')
    case.add_argument('--scenes', type=_count, default=4, help='the first ones (default: %(default)s)')
    add_options(case, '--cfg-options')

    case = cases.add_parser('inference', parents=[common], help="synthesis of one image by configs' generators")
    case.add_argument('configs', nargs='+', metavar='CONFIG', help='config files')
    case.add_argument('--size', type=_size, metavar='HxW', help="(default: each test set's)")
    case.add_argument('--versions', nargs='+', metavar='VERSION', help='of float32, plain, channels_last, bfloat16, '
                      'bfloat16_channels_last (default: all), bfloat16_compiled; on a GPU fused_norms, '
                      'bfloat16_fused_norms, bfloat16_channels_last_fused_norms', default=[
                          'float32', 'plain', 'channels_last', 'bfloat16', 'bfloat16_channels_last'])

    case = cases.add_parser('instance_mean', parents=[common], help='means over instances (pix2pixHD, 3.4)')
    case.add_argument('--sizes', nargs='+', type=_size, default=[(1024, 2048)], metavar='HxW', help='(default: '
                      '1024x2048)')
    case.add_argument('--channels', type=_count, default=3, help='of the features (default: %(default)s)')
    case.add_argument('--instances', nargs='+', type=_count, default=[65], help='of maps that are drawn (default: 65)')
    case.add_argument('--maps', nargs='+', default=[], metavar='FILE', help='instance maps (default: bands are drawn)')
    case.add_argument('--versions', nargs='+', default=['fast', 'plain'], help='of fast, fused (on a GPU), plain '
                      '(default: fast plain)')

    case = cases.add_parser('instance_norm', parents=[common], help='instance norm, alone and with the modulation and '
                            'activation of SPADE, in both orders in memory')
    case.add_argument('--sizes', nargs='+', type=_size, default=[(128, 256)], metavar='HxW', help='(default: 128x256)')
    case.add_argument('--channels', type=_count, default=64, help='(default: %(default)s)')
    case.add_argument('--batch-size', type=_count, default=1, help='(default: %(default)s)')
    case.add_argument('--precision', nargs='+', default=['float32', 'bfloat16'], help='(default: float32 bfloat16)')
    case.add_argument('--versions', nargs='+', default=['ours', 'torch', 'var_mean'], help='of ours, torch, var_mean, '
                      'var_mean_compiled, on a GPU also fused (default: ours torch var_mean)')

    case = cases.add_parser('launches', help="operations that one step of training of configs' models asks of a GPU, "
                            'by kind and by line; no GPU is needed')
    case.add_argument('configs', nargs='+', metavar='CONFIG', help='config files')
    case.add_argument('--size', type=_size, default=(64, 128), metavar='HxW', help='(default: 64x128)')
    case.add_argument('--batch-size', type=_count, default=1, help='(default: %(default)s)')
    case.add_argument('--versions', nargs='+', metavar='VERSION', default=['plain', 'float32', 'bfloat16'],
                      help='of plain, float32, bfloat16 (default: these), channels_last, bfloat16_channels_last')
    case.add_argument('--rows', type=_count, default=20, help='of the tables by operation and by line (default: '
                      '%(default)s)')
    add_options(case, '--cfg-options')

    case = cases.add_parser('layout', parents=[common], help='boundary map and one-hot channels')
    case.add_argument('--sizes', nargs='+', type=_size, default=[(1024, 2048)], metavar='HxW', help='(default: '
                      '1024x2048)')
    case.add_argument('--classes', nargs='+', type=_count, default=[35], help='(default: 35)')
    case.add_argument('--maps', nargs='+', default=[], metavar='FILE', help='instance maps, for one-hot channels ids '
                      'modulo the number of classes (default: 65 bands are drawn)')
    case.add_argument('--versions', nargs='+', default=['fast', 'plain'], help='(default: fast plain)')

    case = cases.add_parser('memory', help="memory that one step of training of configs' models takes, from the sizes "
                            'of its tensors; no GPU is needed')
    case.add_argument('configs', nargs='+', metavar='CONFIG', help='config files')
    case.add_argument('--size', type=_size, metavar='HxW', help="(default: each config's image_size)")
    case.add_argument('--batch-size', type=_count, default=1, help='(default: %(default)s)')
    add_options(case, '--cfg-options')

    case = cases.add_parser('profile', help="one step of training of configs' models under torch's profiler: the GPU's "
                            "time by kernel, the host's by operation")
    case.add_argument('configs', nargs='+', metavar='CONFIG', help='config files')
    case.add_argument('--device', help='cpu or cuda (default: the GPU where there is one)')
    case.add_argument('--size', type=_size, metavar='HxW', help="(default: each config's image_size)")
    case.add_argument('--batch-size', type=_count, default=1, help='(default: %(default)s)')
    case.add_argument('--versions', nargs='+', metavar='VERSION', default=['float32'], help='those of step (default: '
                      'float32)')
    case.add_argument('--rows', type=_count, default=15, help='of each table (default: %(default)s)')
    add_options(case, '--cfg-options')

    case = cases.add_parser('similarity', parents=[common], help='similarity loss (ECGAN, eq. 3) over all '
                            'pairs of pixels')
    case.add_argument('--sizes', nargs='+', type=_size, default=[(64, 128)], metavar='HxW', help='(default: 64x128)')
    case.add_argument('--classes', nargs='+', type=_count, default=[35], help='(default: 35)')
    case.add_argument('--maps', nargs='+', default=[], metavar='FILE', help='label maps, ids modulo the number of '
                      'classes (default: blocks are drawn)')
    case.add_argument('--versions', nargs='+', default=['fast', 'plain'], help='of fast, plain, auto (kernels, '
                      'on a GPU), sampled, products, and tiles of the kernels such as 64x64x4x3 (default: fast plain)')

    case = cases.add_parser('step', parents=[common], help="one step of training of configs' models, frozen networks "
                            'with random weights, beside one as the papers\' code takes it')
    case.add_argument('configs', nargs='+', metavar='CONFIG', help='config files')
    case.add_argument('--size', type=_size, metavar='HxW', help="(default: each config's image_size)")
    case.add_argument('--batch-size', type=_count, default=1, help='(default: %(default)s)')
    case.add_argument('--versions', nargs='+', metavar='VERSION', help='of plain, float32, channels_last, bfloat16, '
                      'bfloat16_channels_last (default: all), bfloat16_compiled; on a GPU graphs, bfloat16_graphs, '
                      'bfloat16_channels_last_graphs, fused_norms, bfloat16_fused_norms, '
                      'bfloat16_channels_last_fused_norms, bfloat16_channels_last_fused_norms_graphs', default=[
                          'plain', 'float32', 'channels_last', 'bfloat16', 'bfloat16_channels_last'])
    case.add_argument('--official', metavar='FOLDER', help="a checkout of the official pix2pixHD (git clone "
                      'https://github.com/NVIDIA/pix2pixHD FOLDER): its step is measured too, by running its code')
    add_options(case, '--cfg-options')


def run(args: Namespace) -> None:
    """Measure."""
    from semsynth.studies.benchmark import benchmark

    print(benchmark(**{name: value for name, value in vars(args).items() if name not in ('run', 'parser')}))


def _count(text: str) -> int:
    """A number from 1 on."""
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f'expected a number from 1 on, found {text}')
    return int(text)


def _size(text: str) -> tuple[int, int]:
    """Height and width."""
    try:
        height, width = map(_count, text.split('x'))
    except (ArgumentTypeError, ValueError):
        raise ArgumentTypeError(f'expected HEIGHTxWIDTH, such as 256x512, found {text}') from None
    return height, width
