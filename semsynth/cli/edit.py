"""Edit layouts in the browser, and the image follows: semsynth edit MODEL [LAYOUT...]."""

from __future__ import annotations

import os
from argparse import ArgumentError, ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path

from semsynth.cli.options import add_options, load_model


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, 'model')
    parser.add_argument('layout', nargs='*', help="label maps in the data set's ids, or folders of them: to choose "
                        "from (default: the model's samples, or the config's test set, or an empty canvas)")
    parser.add_argument('--segmentor', nargs='*', metavar='FILE', help='CONFIG CHECKPOINT of a segmentor that labels '
                        "photos; without values the config's own judge or label generator")
    parser.add_argument('--port', type=int, help='(default: the first that is free from 7860 on)')
    add_options(parser, '--instances', '--styles', '--device', '--precision', '--cfg-options')


def run(args: Namespace) -> None:
    """Serve the page."""
    if args.segmentor and len(args.segmentor) != 2:
        raise ArgumentError(None, f'--segmentor takes CONFIG CHECKPOINT, or nothing, not {" ".join(args.segmentor)}')
    from semsynth.editor.labelling import build_segmentor
    from semsynth.editor.page import check_servable, serve_editor

    check_servable(args.port)
    inferencer = load_model(args, args.layout, optional=True)
    own = inferencer.reader.folders.get('label', '')
    shown = args.layout or inferencer.samples or ([own] if Path(own).is_dir() and own else [])
    layouts = inferencer.find(shown, args.instances, instances_optional=True) if shown else []
    segmentor = None if args.segmentor is None else build_segmentor(inferencer.config, *args.segmentor)
    server = serve_editor(inferencer, layouts, segmentor, port=args.port)
    print(f'The editor is at {server.url} (Ctrl+C ends it)', flush=True)
    with suppress(KeyboardInterrupt):
        server.wait()
    server.close()
    if server.working:  # torch aborts the process where Python ends under its thread
        os._exit(0)
