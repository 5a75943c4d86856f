import re

from helpers.narrow import SIZE, narrow
from semsynth.studies.benchmark import benchmark


def test_the_longest_operations_come_first():
    config = narrow('configs/pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py', 'nowhere')
    text = benchmark('profile', 'cpu', configs=[config], size=(SIZE, SIZE), batch_size=2, rows=12)
    facts = re.search(rf'{SIZE}x{SIZE}, batch 2, float32: ([\d.]+) ms, of which the host takes ([\d.]+) ms', text)
    assert 0 < float(facts[2]) <= float(facts[1])
    headings, _, *rows = ([cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines()
                          if line.startswith('|'))
    times = [float(row[2]) for row in rows]
    assert headings == ['operation', 'times', 'ms'] and len(rows) == 12 and times == sorted(times, reverse=True)
    assert 0.1 * float(facts[1]) < sum(times) and any('conv' in row[0] for row in rows)
