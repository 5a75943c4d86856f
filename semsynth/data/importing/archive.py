"""Exports as zip archives, as most labelling tools hand them over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from semsynth.data.prepare.archives import open_archive, read_member
from semsynth.errors import DataError


@contextmanager
def unpacked(source: Path) -> Iterator[Path]:
    """An export as a folder or a file: itself, or a temporary folder with what a zip archive holds.

    Raises:
        DataError: the archive is torn, holds links or files that would lie outside of the folder, or would unpack to
            more than any data set. Errors about the files in it name the archive.
    """
    if source.suffix.lower() != '.zip' or source.is_dir():
        yield source
        return
    with TemporaryDirectory() as name, open_archive(source, 'name the archive that was exported.') as archive:
        folder = Path(name, source.stem)
        for info in archive.infolist():
            inside = PurePosixPath(info.filename.replace('\\', '/'))
            if inside.is_absolute() or '..' in inside.parts or ':' in inside.parts[0]:
                raise DataError(f'{source} holds {info.filename}, which leads out of the folder that it is unpacked '
                                'into: export it again.')
            if not info.is_dir():
                path = folder / inside
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(read_member(archive, info))
        try:
            yield folder
        except ValueError as error:
            kind = DataError if isinstance(error, DataError) else ValueError
            raise kind(str(error).replace(str(folder), str(source))) from None
