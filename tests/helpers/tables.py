"""What tools write for people, read back."""

import re


def columns(text):
    """The table under its line of facts, by heading."""
    facts, empty, *lines = text.splitlines()
    assert re.search(r'cores; torch \d.*; 1 threads; load of other work \d', facts) and not empty
    headings, rule, *rows = ([cell.strip() for cell in line.strip('|').split('|')] for line in lines)
    assert set(rule) == {'---'} and {len(row) for row in rows} == {len(headings)}
    return {heading: [row[place] for row in rows] for place, heading in enumerate(headings)}
