"""The classes of a source: from files that labelling tools write, or as a user gives them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import ImageColor

from semsynth.data.class_files import ClassTable, read_class_table
from semsynth.errors import DataError, first_few

FILES = ('labelmap.txt', 'class_dict.csv', '_classes.csv', 'classes.csv', 'classes.txt', 'class_names.txt',
         'labels.txt', 'label_colors.txt', 'labels.json', 'classes.json')
"""What files of classes are called (CVAT's, Kaggle's, Roboflow's, labelme's, CamVid's); the first one counts."""
NO_CLASS = ('void', 'unlabelled', 'unlabeled', 'unknown', 'ignore', 'ignored', 'undefined')
"""Names by which tables say that pixels have no class, in any case and between underscores or not."""
_NAMES, _COLOURS, _NUMBERS = ('name', 'title', 'label', 'class'), ('color', 'colour', 'rgb'), ('id', 'index')
Given = str | Path | Mapping[str, Sequence[int]] | Sequence[str]


def find_class_table(root: Path) -> ClassTable | None:
    """The classes in one of ``FILES``, in a folder or in a folder below it; None where there is none.

    Raises:
        DataError: as of ``class_table``.
    """
    folders = [root, *sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith('.'))]
    path = next((folder / name for folder in folders for name in FILES if (folder / name).is_file()), None)
    return None if path is None else class_table(path)


def class_table(given: Given) -> ClassTable:
    """The classes that somebody names.

    Args:
        given: a file of classes; their names; or their colours by name, ``{'road': (128, 64, 128)}``. Files are text,
            as of ``read_class_table``, or JSON: ``{"road": [128, 64, 128]}``, or ``[{"name": "road", "color":
            "#804080"}]``, as CVAT has it, perhaps with an ``id``.

    Raises:
        DataError: the file cannot be read, or two classes have one name, colour or number.
    """
    if isinstance(given, str | Path):
        path = Path(given)
        table = _from_json(path) if path.suffix.lower() == '.json' and path.is_file() else read_class_table(path)
        return _checked(table, str(path))
    colours = [list(colour) for colour in given.values()] if isinstance(given, Mapping) else []
    return _checked(ClassTable(list(given), colours), 'classes')


def means_no_class(name: str) -> bool:
    """Whether the name of a class says that its pixels have none."""
    return name.strip('_ ').lower() in NO_CLASS


def _from_json(path: Path) -> ClassTable:
    try:
        content = json.loads(path.read_bytes())
        entries = content.get('classes', content) if isinstance(content, dict) else content
        if isinstance(entries, dict):
            return ClassTable(list(entries), [_rgb(colour) for colour in entries.values()])
        rows = [entry if isinstance(entry, dict) else dict(name=entry) for entry in entries]
        names = [str(next(row[key] for key in _NAMES if key in row)) for row in rows]
        colours, numbers = ([row[key] for row in rows for key in keys if key in row] for keys in (_COLOURS, _NUMBERS))
        if names and all(len(part) in (0, len(names)) for part in (colours, numbers)):
            return ClassTable(names, [_rgb(colour) for colour in colours], [int(each) for each in numbers] or None)
    except (ValueError, TypeError, StopIteration):  # a decoding error is a ValueError
        pass
    raise DataError(f'{path} is no JSON of classes: write {{"road": [128, 64, 128], ...}}, or [{{"name": "road", '
                    '"color": "#804080"}, ...].')


def _rgb(colour: Any) -> list[int]:
    return list((ImageColor.getrgb(colour) if isinstance(colour, str) else tuple(map(int, colour)))[:3])


def _checked(table: ClassTable, source: str) -> ClassTable:
    colours = [tuple(colour) for colour in table.colours]
    if wrong := [colour for colour in colours if len(colour) != 3 or not all(0 <= value <= 255 for value in colour)]:
        raise DataError(f'{source} has the colour {wrong[0]}: write r, g and b, each 0..255.')
    columns: dict[str, Sequence[Any]] = dict(name=table.names, colour=colours, number=table.numbers or ())
    for what, values in columns.items():
        if twins := [value for value, count in Counter(values).items() if count > 1]:
            raise DataError(f'{source}: several classes have one {what} ({first_few(twins)}): give each its own, or '
                            'leave out all but one.')
    if not table.names:
        raise DataError(f'{source} names no class.')
    return table
