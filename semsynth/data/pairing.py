"""Files of scenes, paired by name; what lacks a partner, and why, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from os.path import commonprefix
from pathlib import Path
from unicodedata import normalize

from semsynth.data.files import list_files
from semsynth.errors import first_few

WORDS = dict(label='label map', raw='raw input', photo='photo', instance='instance map', edge='edge map')
FORMATS = dict(label='PNG', raw='PNG or .npy', photo='PNG or JPEG', instance='PNG or TIFF', edge='PNG')
"""What files of each kind are best saved as."""
_TRIED = 3
Found = Mapping[str, Mapping[str, Sequence[str]]]
"""The paths by kind of file and stem."""


class Pairing:
    """The files of a split: whole scenes, and what keeps the others from being scenes.

    Args:
        layout: the kind of file that layouts are made from.
        folders: the folder of each kind.
        found: paths by kind and stem.
        remedies: what to do where one of a kind is missing, for the kinds that need more than adding it.
    """

    def __init__(self, layout: str, folders: Mapping[str, str], found: Found, remedies: Mapping[str, str]):
        self.layout, self.folders, self.found, self.remedies = layout, folders, found, remedies

    def problems(self, kind: str) -> list[str]:
        """One sentence each on layouts without a file of a kind, such files without a layout, and stems with two."""
        files, layouts, folder = self.found[kind], self.found[self.layout], self.folders[kind]
        what, layout, sentences = WORDS[kind], WORDS[self.layout], []
        lacking = [name for name in layouts if name not in files]
        spare = [name for name in files if name not in layouts]
        reason = self.reason(kind, lacking, spare)
        if lacking:
            remedy = self.remedies.get(kind, 'add it, or remove the {layout}').format(layout=layout)
            sentences.append(f'{len(lacking)} of {len(layouts)} {layout}s have no {what} in {folder} '
                             f'({first_few(lacking)}): {reason or remedy}.')
        if spare and not (lacking and reason):
            remedy = self.other_ending(self.layout, spare) or f'add it, or remove the {what}'
            sentences.append(f'{len(spare)} of {len(files)} {what}s have no {layout} in {self.folders[self.layout]} '
                             f'({first_few(spare)}): {remedy}.')
        return sentences + self.twins(kind)

    def twins(self, kind: str) -> list[str]:
        """The sentence on stems with more than one file, if there are any."""
        twins = [paths for paths in self.found[kind].values() if len(paths) > 1]
        if not twins:
            return []
        alike = all(len({normalize('NFC', path) for path in paths}) == 1 for paths in twins)
        why = ', whose names differ only in how Unicode writes accents' if alike else ''
        ending = '' if alike else f', or say which ending counts, such as endings=dict({kind}={_end(twins[0][0])!r})'
        return [f'{len(twins)} name{"s" * (len(twins) > 1)} stand{"s" * (len(twins) == 1)} for more than one '
                f'{WORDS[kind]} ({first_few([" and ".join(paths) for paths in twins])}){why}: keep one of each'
                f'{ending}.']

    def reason(self, kind: str, lacking: Sequence[str], spare: Sequence[str]) -> str | None:
        """Why layouts lack their partners of a kind, and what to do; None where it is not to be seen."""
        if not lacking:
            return None
        return (self.other_ending(kind, lacking) or self.other_case(lacking, spare) or
                self.tail(kind, lacking, spare) or self.head(lacking, spare))

    def other_ending(self, kind: str, lacking: Sequence[str]) -> str | None:
        """The files of a kind are there, but end in a way that is not read."""
        wanted = set(lacking)
        there = [name for name in list_files(self.folders[kind]) if normalize('NFC', _without_end(name)) in wanted]
        if not there:
            return None
        endings = list(dict.fromkeys(map(_end, there)))
        return (f'{Path(self.folders[kind], there[0])} is there, but files that end in {first_few(endings)} are not '
                f'read: save them as {FORMATS[kind]}')

    @staticmethod
    def other_case(lacking: Sequence[str], spare: Sequence[str]) -> str | None:
        """Names agree but for upper and lower case."""
        lower = {name.casefold(): name for name in spare}
        pairs = [f'{name} and {lower[name.casefold()]}' for name in lacking if name.casefold() in lower]
        return f'{first_few(pairs, 1)} differ in upper and lower case: rename one of each' if pairs else None

    def tail(self, kind: str, lacking: Sequence[str], spare: Sequence[str]) -> str | None:
        """Names agree but for what ends all names of one kind, such as ``_mask``."""
        tails = _tails(lacking, spare)
        if tails is None or kind == 'edge':  # edge maps are called like their photos
            return None
        partners, (own, other) = set(spare), tails
        first = next(name for name in lacking if name.removesuffix(own) + other in partners)
        endings = [f'{each}={self._endings(each, tail, lonely)}' for each, tail, lonely in
                   zip((self.layout, kind), tails, (lacking, spare), strict=True) if tail]
        return (f'{first} and {first.removesuffix(own)}{other} seem to belong together; if so, set '
                f'endings=dict({", ".join(endings)}) on the data set')

    @staticmethod
    def head(lacking: Sequence[str], spare: Sequence[str]) -> str | None:
        """Names agree but for what begins all names of one kind, such as ``mask_``."""
        heads = _tails([name[::-1] for name in lacking], [name[::-1] for name in spare])
        if heads is None:
            return None
        own, other = (head[::-1] for head in heads)
        return (f'the names of the ones begin with {own!r} and of the others with {other!r}, if they belong together: '
                'rename them, so that they differ in their endings alone')

    def _endings(self, kind: str, tail: str, lonely: Sequence[str]) -> str:
        """A setting that finds the files that have the tail, and the others as before."""
        alone = set(lonely)
        ends = {(tail if name in alone else '') + _end(path): None
                for name, paths in self.found[kind].items() for path in paths}
        return repr(next(iter(ends)) if len(ends) == 1 else tuple(ends))


def _tails(lacking: Sequence[str], spare: Sequence[str]) -> tuple[str, str] | None:
    """What to take off the names of either group, so that most of the smaller one find their partners."""
    if not spare:
        return None
    partners = set(spare)
    pairs = product(_common_tails(lacking), _common_tails(spare))
    for own, other in sorted(pairs, key=lambda pair: len(''.join(pair))):
        if own == other or not any(name.removesuffix(own) + other in partners for name in lacking[:_TRIED]):
            continue
        paired = sum(name.removesuffix(own) + other in partners for name in lacking)
        # two names alone always begin alike, if only with a letter
        if 2 * paired > min(len(lacking), len(spare)) and (paired > 1 or not (own and other)):
            before = {name.removesuffix(end)[-1:] for names, end in ((lacking, own), (spare, other)) for name in names}
            sign = max(before)
            if own and other and len(before) == 1 and not sign.isalnum():
                return f'{sign}{own}', f'{sign}{other}'  # _mask and _image, rather than mask and image
            return own, other
    return None


def _common_tails(names: Sequence[str]) -> list[str]:
    """Each end that all names share, from none on; a number is no such end."""
    shared = commonprefix([name[:0:-1] for name in names])[::-1]  # noqa: RUF071, of characters
    return ['', *(shared[place:] for place in range(len(shared) - 1, -1, -1) if not shared[place].isdigit())]


def _end(name: str) -> str:
    return Path(name).suffix


def _without_end(name: str) -> str:
    return name.removesuffix(_end(name))
