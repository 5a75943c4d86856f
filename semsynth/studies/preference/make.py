"""Writing a study: a page for each participant, and the key for the organiser."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape

from semsynth.arguments import check_arguments
from semsynth.data.pictures import read_size
from semsynth.errors import DataError, first_few
from semsynth.studies.preference.pictures import StudyLayouts, check_sizes, find_scenes, highlight, read_picture
from semsynth.studies.preference.plan import Study, plan_trials
from semsynth.writing import check_out_folder, write_png, write_whole

SMALLEST_REGION = 0.005
"""Share of an image that a highlighted region must fill for the scene to be shown."""
QUESTIONS = dict(images='Which image looks more natural?', regions='Which bright region looks more realistic?',
                 layouts='Which image looks more like a photo of this scene?')


@check_arguments
def make_study(results: Mapping[str, str | Path], out: str | Path, *, judgments: int = 10, per_participant: int = 50,
               times: Sequence[float | None] = (None,), against: str | None = None,
               size: tuple[int, int] | None = None, layouts: StudyLayouts | None = None,
               endings: tuple[str, ...] = (), seed: int = 0,
               watch: Callable[[Sequence], Iterable] = iter) -> tuple[Study, list[str]]:
    """Write a study: ``out/pages`` for the participants, and ``out/key.json``, which names each image's method.

    Nothing in ``pages`` names a method: images have random names, and all are encoded anew.

    Args:
        results: folder of each method's images, by name.
        out: folder to make; it must be absent or empty.
        judgments: of each scene for each pair of methods, each by another participant (pix2pixHD: 10).
        per_participant: the most trials that a participant gets.
        times: seconds that images are shown (pix2pixHD: 1/8 to 8), None for no limit.
        against: compare only this method with each other one; every two methods by default.
        size: height and width that images are brought to; by default those of one scene must agree.
        layouts: shown with the images (ECGAN). Those with ``classes`` highlight these classes' regions instead, and
            scenes of which the regions fill less than 0.5 % are left out.
        endings: endings of images beyond the usual ones, such as ``_leftImg8bit.png``.
        seed: of the order, the sides and the times.
        watch: wraps the scenes as their images are written, to show progress.

    Returns:
        The study, and a sentence for each kind of scene that was left out.

    Raises:
        ValueError: an argument is out of range; a DataError where it is about files.
    """
    out, pairs = check_out_folder(out), _pairs(list(results), against)
    if not times:
        raise ValueError('times is empty: expected seconds above 0, or None for no limit.')
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f'{out} exists and is not empty, and votes for what it holds would no longer fit: choose '
                        'another folder.')
    scenes, notices = find_scenes(results, endings)
    if size is None:
        check_sizes(scenes)
    sizes = {scene: size or read_size(next(iter(paths.values()))) for scene, paths in scenes.items()}
    if layouts and layouts.classes:
        small = _without_regions(sizes, layouts)
        notices += [f'{len(small)} of {len(scenes)} scenes have less than {SMALLEST_REGION:.1%} of their pixels in '
                    f'{", ".join(layouts.classes)} ({first_few(small)}): left out.'] if small else []
        scenes = {scene: paths for scene, paths in scenes.items() if scene not in small}

    draw = random.Random(seed)
    trials = {draw.randbytes(8).hex(): trial for trial in plan_trials(
        list(scenes), pairs, judgments=judgments, per_participant=per_participant, times=times, draw=draw)}
    pictures = {(scene, method): draw.randbytes(8).hex() for scene in scenes for method in (*results, None)}
    digest = hashlib.sha256(repr(trials).encode())
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f'.{out.name}.', dir=out.parent) as folder:  # so that the study is whole, or absent
        part = Path(folder, 'study')
        for scene in watch(list(scenes)):
            for method, picture in _pictures(scene, scenes[scene], sizes[scene], layouts).items():
                path = write_png(part / 'pages/pictures' / f'{pictures[scene, method]}.png', picture)
                digest.update(path.read_bytes())
        study = Study(digest.hexdigest()[:12], pairs, trials)
        _write_pages(study, pictures, part / 'pages', layouts)
        study.save(part)
        part.replace(out)
    return study, notices


def _pairs(methods: list[str], against: str | None) -> tuple[tuple[str, str], ...]:
    if len(methods) < 2:
        raise ValueError(f'results: expected two methods or more, found {", ".join(methods) or "none"}.')
    if against is None:
        return tuple(combinations(methods, 2))
    if against not in methods:
        raise ValueError(f'against={against!r} is none of the methods {", ".join(methods)}.')
    return tuple((against, method) for method in methods if method != against)


def _without_regions(sizes: Mapping[str, tuple[int, int]], layouts: StudyLayouts) -> list[str]:
    """The scenes, with their sizes given, that have next to nothing of the classes."""
    small = [scene for scene, size in sizes.items() if layouts.region(scene, size).mean() < SMALLEST_REGION]
    if len(small) == len(sizes):
        raise DataError(f'None of the {len(sizes)} scenes has {SMALLEST_REGION:.1%} of its pixels in: '
                        f'{", ".join(layouts.classes)}.')
    return small


def _pictures(scene: str, paths: Mapping[str, str], size: tuple[int, int],
              layouts: StudyLayouts | None) -> dict[str | None, np.ndarray]:
    """The pictures of a scene by method; that of the layout under None."""
    pictures: dict[str | None, np.ndarray] = {method: read_picture(path, size) for method, path in paths.items()}
    if layouts is None:
        return pictures
    if not layouts.classes:
        return pictures | {None: layouts.drawing(scene, size)}
    region = layouts.region(scene, size)
    return {method: highlight(picture, region) for method, picture in pictures.items()}


def _write_pages(study: Study, pictures: Mapping[tuple[str, str | None], str], folder: Path,
                 layouts: StudyLayouts | None) -> None:
    template = Environment(loader=PackageLoader('semsynth.studies.preference', '.'),
                           autoescape=select_autoescape()).get_template('page.html')
    what = 'images' if layouts is None else 'regions' if layouts.classes else 'layouts'
    extra = (None,) if what == 'layouts' else ()
    for participant, trials in study.participants.items():
        shown = [dict(id=name, seconds=trial.seconds,
                      pictures=[pictures[trial.scene, method] for method in (*trial.methods, *extra)])
                 for name, trial in trials.items()]
        page = template.render(study=study.id, participant=participant, trials=shown, what=what,
                               question=QUESTIONS[what], timed=any(trial['seconds'] for trial in shown))
        write_whole(folder / f'participant_{participant:03d}.html', page.encode())
