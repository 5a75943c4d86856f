"""Preparation of ADE20K: the official archive is unpacked and checked."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from rich.progress import track

from semsynth.data.ade20k import ADE20KDataset
from semsynth.data.checks import check_dataset
from semsynth.data.prepare.archives import open_archive, read_member
from semsynth.data.prepare.parts import Part, counts_differ, refuse, write_parts
from semsynth.errors import DataError
from semsynth.writing import check_out_folder

OFFICIAL = dict(training=20210, validation=2000)
_MEMBER = re.compile(r'(?:.*/)?((?:images|annotations)/(training|validation)/[\w-]+\.(?:jpg|png))')


def prepare_ade20k(source: str | Path, out: str | Path) -> dict[str, int]:
    """Unpack ``images/SPLIT/NAME.jpg`` and ``annotations/SPLIT/NAME.png``, what is there skipped; then check all of it.

    Args:
        source: ADEChallengeData2016.zip, as downloaded.
        out: folder of the data set.

    Returns:
        The number of pictures of each split.

    Raises:
        DataError: the archive is torn or another one, pictures are missing, or ``check_dataset`` finds problems; one
            line a problem.
    """
    source, out = Path(source), check_out_folder(out)
    with _opened(source) as archive:
        members = {match[1]: info for info in archive.infolist() if (match := _MEMBER.fullmatch(info.filename))}
        if not members:
            raise DataError(f'{source} holds no images/training and annotations/training: name '
                            'ADEChallengeData2016.zip, the scene parsing benchmark, not the full data set.')
        parts = [Part((out / name,), partial(_content, archive, info)) for name, info in members.items()]
        refuse(write_parts(parts, 'ADE20K'))
    counts = Counter(name.split('/')[1] for name in members if name.startswith('annotations/'))
    problems = counts_differ(source, counts, OFFICIAL)
    for split in counts:
        dataset = ADE20KDataset(str(out), split, lazy_init=True)
        watch = partial(track, description=f'Checking {split}', total=counts[split])
        problems += check_dataset(dataset, watch=watch).problems
    refuse(problems)
    return dict(counts)


def _opened(source: Path) -> ZipFile:
    if source.is_dir():
        raise DataError(f'{source} is a folder, and an unpacked archive needs no preparation: set ADE20K_ROOT to the '
                        'folder that holds images and annotations, and check it with semsynth check_dataset.')
    return open_archive(source, 'name ADEChallengeData2016.zip, as downloaded.')


def _content(archive: ZipFile, info: ZipInfo) -> tuple[bytes]:
    return (read_member(archive, info),)
