"""Names of scores: the oracle, which is the score of the real images, beside that of the synthesised ones."""

from __future__ import annotations

ORACLE = 'oracle_'
"""The beginning of an oracle's name, behind the evaluator's prefix."""


def oracle_of(score: str) -> str:
    """The name of a score's oracle.

    Examples:
        >>> from semsynth.scores import oracle_of
        >>> oracle_of('pspnet/mIoU')
        'pspnet/oracle_mIoU'
    """
    prefix, slash, name = score.rpartition('/')
    return f'{prefix}{slash}{ORACLE}{name}'


def is_oracle(score: str) -> bool:
    """Whether a score is an oracle."""
    return score.rpartition('/')[2].startswith(ORACLE)
