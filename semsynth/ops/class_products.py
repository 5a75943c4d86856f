"""Matrix products of rows that are sorted by class, each with the matrix of its class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class ByClass(NamedTuple):
    """Rows of several classes, one product for each class. Its counts are numbers: they were read on the host.

    Args:
        classes: the classes that occur.
        counts: the rows of each.
    """

    classes: list[int]
    counts: list[int]

    @property
    def rows(self) -> int:
        """The rows of all classes."""
        return sum(self.counts)

    def multiply(self, near: Tensor, matrices: Tensor, biases: Tensor | None, out: Tensor) -> None:
        """Write ``near @ matrices[class] + biases[class]`` to ``out``.

        Args:
            near: ``(rows, in)``.
            matrices: those of all N classes, ``(N, ..., out)``; what is between makes up ``in``.
            biases: ``(N, out)``, or None.
            out: ``(rows, out)``.
        """
        for number, part, own in zip(self.classes, near.split(self.counts), out.split(self.counts), strict=True):
            matrix = matrices[number].flatten(0, -2)
            if biases is None:
                torch.mm(part, matrix, out=own)
            else:
                torch.addmm(biases[number], part, matrix, out=own)

    def add_products(self, sums: Tensor, upstream: Tensor, near: Tensor) -> None:
        """Add ``upstream.mT @ near`` over the rows of each class to ``sums[class]``.

        Args:
            sums: ``(N, out, in)``.
            upstream: ``(rows, out)``.
            near: ``(rows, in)``.
        """
        for number, part, own in zip(self.classes, near.split(self.counts), upstream.split(self.counts), strict=True):
            if sums.dtype == near.dtype:
                sums[number].addmm_(own.mT, part)
            else:
                sums[number].add_(own.mT @ part)


class ByBlock(NamedTuple):
    """Blocks of equally many rows, each block of one class, in one batched product. Nothing is read on the host.

    Methods are those of ``ByClass``.

    Args:
        classes: class of each block, ``(blocks,)``.
        length: rows in a block.
    """

    classes: Tensor
    length: int

    @property
    def rows(self) -> int:
        """The rows of all blocks."""
        return len(self.classes) * self.length

    def multiply(self, near: Tensor, matrices: Tensor, biases: Tensor | None, out: Tensor) -> None:
        """See ``ByClass``."""
        blocks, own = self._blocks(near), self._blocks(out)
        matrices = matrices.flatten(1, -2)
        if matrices.stride(2) == 1:
            chosen = matrices.index_select(0, self.classes)
        else:  # gathered as they lie in memory
            chosen = matrices.mT.index_select(0, self.classes).mT
        if biases is None:
            torch.bmm(blocks, chosen, out=own)
        else:
            torch.baddbmm(biases.index_select(0, self.classes).unsqueeze(1), blocks, chosen, out=own)

    def add_products(self, sums: Tensor, upstream: Tensor, near: Tensor) -> None:
        """See ``ByClass``."""
        products = self._blocks(upstream).mT @ self._blocks(near)
        sums.index_add_(0, self.classes, products.to(sums.dtype))

    def _blocks(self, rows: Tensor) -> Tensor:
        return rows.view(len(self.classes), self.length, rows.shape[1])


def split_by_class(counts: Sequence[int], rows: int) -> list[ByClass]:
    """Groups of as many rows, the last one excepted, for the number of rows of each class from 0 on."""
    groups: list[ByClass] = []
    room = 0
    for number, count in enumerate(counts):
        while count:
            if not room:
                groups.append(ByClass([], []))
                room = rows
            taken = min(count, room)
            groups[-1].classes.append(number)
            groups[-1].counts.append(taken)
            count, room = count - taken, room - taken
    return groups


def split_by_block(classes: Tensor, length: int, rows: int) -> list[ByBlock]:
    """Groups of about as many rows, for the class of each block and a block's length."""
    return [ByBlock(part, length) for part in classes.chunk(max(1, round(len(classes) * length / rows)))]
