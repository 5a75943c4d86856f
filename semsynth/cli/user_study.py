"""Preference studies: semsynth user_study make --results NAME=FOLDER NAME=FOLDER --out DIR, then report."""

from __future__ import annotations

from argparse import ArgumentError, ArgumentParser, ArgumentTypeError, Namespace
from fractions import Fraction
from pathlib import Path

from semsynth.cli.options import add_options


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    commands = parser.add_subparsers(required=True, metavar='WHAT')
    _add_make(commands.add_parser('make', help='pages on which people choose between images of two methods'))
    _add_report(commands.add_parser('report', help='preference rates from their votes'))


def _add_make(parser: ArgumentParser) -> None:
    parser.set_defaults(work=make)
    parser.add_argument('--results', required=True, nargs='+', type=_named_folder, metavar='NAME=FOLDER',
                        help='images of each method, by the same names; photos may be one of them')
    parser.add_argument('--out', required=True, type=Path, help='folder for the study')
    parser.add_argument('--judgments', type=int, default=10, metavar='N',
                        help='votes on each scene for each pair of methods, by N participants (default: %(default)s)')
    parser.add_argument('--per-participant', type=int, default=50, metavar='N',
                        help='most comparisons of a participant (default: %(default)s)')
    parser.add_argument('--times', nargs='+', type=_seconds, default=[None], metavar='SECONDS',
                        help='how long images are shown, such as 1/8 1/4 1/2 1 2 4 8 (default: unlimited)')
    parser.add_argument('--against', metavar='NAME', help='compare only this method with each other one (default: '
                        'every two)')
    parser.add_argument('--size', type=int, nargs=2, metavar=('H', 'W'), help='bring all images to this size')
    parser.add_argument('--labels', help="label maps of the scenes, in the data set's ids: shown with the images")
    parser.add_argument('--classes', nargs='+', default=[], metavar='CLASS',
                        help='with --labels: highlight these in the images instead')
    parser.add_argument('--config', help="a config of the data set: what its label maps mean, and its files' endings")
    parser.add_argument('--seed', type=int, default=0, help='(default: %(default)s)')
    add_options(parser, '--cfg-options')


def _add_report(parser: ArgumentParser) -> None:
    parser.set_defaults(work=report)
    parser.add_argument('--study', required=True, type=Path, help='folder of the study')
    parser.add_argument('votes', nargs='+', help="the participants' files")
    parser.add_argument('--out', type=Path, help="folder for the report (default: report, in the study's)")


def run(args: Namespace) -> None:
    """Make a study, or report on one."""
    args.work(args)


def make(args: Namespace) -> None:
    """Make a study."""
    from rich.progress import track

    from semsynth.studies.preference import StudyLayouts, data_set_of, make_study

    if args.labels and not args.config:
        raise ArgumentError(None, '--labels needs --config, which says what the ids in the label maps mean')
    if args.cfg_options and not args.config:
        raise ArgumentError(None, '--cfg-options needs --config, whose entries it overrides')
    if args.classes and not args.labels:
        raise ArgumentError(None, '--classes needs --labels, the label maps of the scenes')
    results = dict(args.results)
    if len(results) < len(args.results):
        raise ArgumentError(None, '--results: two methods have one name')
    dataset = data_set_of(args.config, args.cfg_options) if args.config else None
    study, notices = make_study(
        results, args.out, judgments=args.judgments, per_participant=args.per_participant, times=args.times,
        against=args.against, size=args.size and tuple(args.size), seed=args.seed,
        layouts=StudyLayouts(dataset, args.labels, args.classes) if dataset is not None and args.labels else None,
        endings=dataset.suffixes['photo'] if dataset is not None else (),
        watch=lambda scenes: track(scenes, 'Writing images'))
    print(*notices, sep='\n', end='\n' * bool(notices))
    print(f'Participants: {len(study.participants)}, comparisons: {len(study.trials)}. Share the folder '
          f'{args.out / "pages"}, and keep {args.out / "key.json"} to yourself.')


def report(args: Namespace) -> None:
    """Report on a study."""
    from semsynth.studies.preference import report_study

    path = report_study(args.study, args.votes, args.out)
    print(f'{path.read_text(encoding="utf-8")}\n{path}')


def _named_folder(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition('=')
    if not (name and equals and folder):
        raise ArgumentTypeError(f'expected NAME=FOLDER, found {text}')
    return name, Path(folder)


def _seconds(text: str) -> float | None:
    try:
        return None if text == 'unlimited' else float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ArgumentTypeError(f'expected seconds, such as 2 or 1/8, or unlimited; found {text}') from None
