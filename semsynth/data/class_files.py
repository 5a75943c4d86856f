"""Names and colours of classes in a text file, as people and tools write them."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from pathlib import Path

from semsynth.errors import DataError

EXPECTED = 'write a class a line, its name and after it perhaps its colour as r g b'
_MARKS = {codecs.BOM_UTF8: 'utf-8-sig', codecs.BOM_UTF32_LE: 'utf-32', codecs.BOM_UTF32_BE: 'utf-32',
          codecs.BOM_UTF16_LE: 'utf-16', codecs.BOM_UTF16_BE: 'utf-16'}
"""Byte order marks; those of UTF-32 begin like those of UTF-16, and come first."""
_GAP = r'[\s,;:]+'
_COLOUR = r'(\d+)[\s,;]+(\d+)[\s,;]+(\d+)'
_NAME_FIRST = re.compile(rf'(?P<name>.+?){_GAP}{_COLOUR}[\s,;:]*')
_COLOUR_FIRST = re.compile(rf'{_COLOUR}{_GAP}(?P<name>.*\D.*)')
_WITH_PARTS = re.compile(r'(?P<name>[^:]+):(\d+),(\d+),(\d+):[^:]*:[^:]*')  # CVAT: the parts and actions of a class
_NUMBERED = re.compile(rf'(\d+){_GAP}(.*[^\d\s].*)')
_NAMES = ('name', 'class', 'classes', 'class_name', 'label', 'label_name')
_RGB = (('r', 'g', 'b'), ('red', 'green', 'blue'))
_IDS = ('id', 'index', 'idx', 'pixel value', '')


@dataclass(frozen=True)
class ClassTable:
    """Classes as a file or a user names them.

    Args:
        names: of the classes.
        colours: ``[r, g, b]`` a class, or none at all.
        numbers: a number a class, by which maps of ids call it; None where they are counted from 0.
    """

    names: list[str]
    colours: list[list[int]]
    numbers: list[int] | None = None


def read_classes(path: str | Path) -> tuple[list[str], list[list[int]]]:
    """Names and colours by index, which is the line's; no colours where the file has none.

    Raises:
        DataError: as of ``read_class_table``, or the file numbers its classes otherwise than its lines.
    """
    table = read_class_table(path)
    if table.numbers and table.numbers != list(range(len(table.numbers))):
        raise DataError(f'{path} numbers its classes {table.numbers[0]}, ..., {table.numbers[-1]}, but the index of a '
                        'class is the number of its line, from 0: leave the numbers out, and where ids in files are '
                        "other than the indices, set the data set's id_map={id: index, ...}.")
    return table.names, table.colours


def read_class_table(path: str | Path) -> ClassTable:
    """Class names and colours, one class a line: ``name``, ``name r g b`` or ``r g b name``, with spaces, tabs, commas
    or semicolons between; or a table whose first line names its columns, among them ``name``, ``r``, ``g`` and ``b``.

    Lines that begin with ``#`` are comments. The text is UTF-8, or UTF-16 or 32 with a byte order mark.

    Numbers may stand before the names, or in a column ``id``.

    Raises:
        DataError: there is no such file, it is of another encoding, names no class, a line is not understood, or only
            some of the lines have a colour.
    """
    lines = [line.strip() for line in _text(Path(path)).splitlines()]
    lines = [line for line in lines if line.strip(',; \t') and not line.startswith('#')]
    if lines and lines[0].lower() in _NAMES:  # the title of the only column
        del lines[0]
    if not lines:
        raise DataError(f'{path} names no class: {EXPECTED}.')
    numbers, rows = _table(path, lines) if _names_columns(lines[0]) else _lines(path, lines)
    colours = [colour for _, colour in rows if colour]
    if len(colours) not in (0, len(rows)):
        raise DataError(f'{path} has {len(rows)} classes but {len(colours)} colours: give each class one, or none.')
    if any(value > 255 for colour in colours for value in colour):
        raise DataError(f'{path} has a colour above 255: r, g and b are 0..255.')
    return ClassTable([name for name, _ in rows], colours, numbers or None)


def _text(path: Path) -> str:
    if not path.is_file():
        raise DataError(f'There is no file {path} with the classes: write one name a line, or give the names '
                        'as a list.')
    content = path.read_bytes()
    encoding = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), 'utf-8')
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[:error.start].count(b'\n') + 1
        raise DataError(f'{path} is not in UTF-8: line {line} has the byte {content[error.start]:#x}, as Latin-1 and '
                        'other old encodings have it. Save it as UTF-8 (in an editor "Save as"; or `iconv -f LATIN1 '
                        '-t UTF-8`).') from None
    if '\0' in text:
        raise DataError(f'{path} holds zero bytes, as UTF-16 without a byte order mark does: save it as UTF-8.')
    return text


def _names_columns(line: str) -> bool:
    if any(set(rgb) <= set(re.split(_GAP, line.lower())) for rgb in _RGB):
        return True
    cells = {cell.strip() for cell in line.lower().split(_between(line))}
    return bool(cells & set(_IDS) - {''} and cells & set(_NAMES))


def _between(line: str) -> str:
    """What stands between the cells of a table's line."""
    return next((each for each in '\t;,' if each in line), ' ')


def _table(path: str | Path, lines: list[str]) -> tuple[list[int], list[tuple[str, list[int]]]]:
    """The numbers and rows below a header."""
    between = _between(lines[0])
    columns, *rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=between)]
    columns = [column.lower() for column in columns]
    rgb = next(([columns.index(each) for each in names] for names in _RGB if set(names) <= set(columns)), [])
    number = next((columns.index(each) for each in _IDS if each in columns), None)
    others = [place for place in range(len(columns)) if place not in (*rgb, number)]
    name = next((columns.index(each) for each in _NAMES if each in columns), others[0] if others else None)
    if name is None or not rows:
        raise DataError(f'{path} has the columns {", ".join(columns)} and {len(rows)} classes: {EXPECTED}.')
    for row in rows:
        numeric = [*rgb, *([] if number is None else [number])]
        if len(row) < len(columns) or not all(row[place].isdecimal() for place in numeric):
            raise DataError(f'{path}: the line {between.join(row)!r} does not fit the columns {", ".join(columns)}: '
                            f'correct it, or {EXPECTED}.')
    numbers = [] if number is None else [int(row[number]) for row in rows]
    return numbers, [(row[name], [int(row[place]) for place in rgb]) for row in rows]


def _lines(path: str | Path, lines: list[str]) -> tuple[list[int], list[tuple[str, list[int]]]]:
    """The leading numbers, where all lines have one, and the rows."""
    parts = [match for line in lines if not _COLOUR_FIRST.fullmatch(line) and (match := _NUMBERED.fullmatch(line))]
    if len(parts) < len(lines):
        return [], [_row(path, line) for line in lines]
    return [int(part[1]) for part in parts], [_row(path, part[2]) for part in parts]


def _row(path: str | Path, line: str) -> tuple[str, list[int]]:
    match = _NAME_FIRST.fullmatch(line) or _COLOUR_FIRST.fullmatch(line) or _WITH_PARTS.fullmatch(line)
    name = (match['name'] if match else line).strip('"\' ')
    if re.search(r'[\s,;:]\d[\d.]*[\s,;:]+\d', name) or not name:
        raise DataError(f'{path}: the line {line!r} is not understood: {EXPECTED}, three whole numbers of 0..255.')
    return name, [int(value) for value in match.groups() if value.isdecimal()][:3] if match else []
