"""What a step frees is there for the next one; in processes of their own, for it lasts as long as they do."""

import platform

import pytest

from helpers.commands import run_python

FAULTS = '''
import resource, torch
from semsynth.engine.memory import forget_peak, peak_memory, reuse_memory
reuse_memory()
def touch():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16 * 2**20)  # 64 MB, more than glibc keeps
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
for _ in range(20):  # glibc's cache of small blocks keeps the first few apart
    touch()
print(min(touch() for _ in range(9)))  # the system's own faults come to some
forget_peak()
print(touch())
'''

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='glibc alone has these settings')


@pytest.mark.parametrize(('environment', 'is_kept'), [({}, True), ({'MALLOC_MMAP_MAX_': '65536'}, False)])
def test_pages_are_touched_once(environment, is_kept):
    finished = run_python('-c', FAULTS, **environment)
    assert not finished.returncode, finished.stderr
    again, after_forgetting = map(int, finished.stdout.split())
    assert (again < 16) == is_kept  # 64 MB are 32 faults where the system has pages of 2 MB
    assert after_forgetting >= 16  # given back to the system
