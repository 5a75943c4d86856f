"""The comparison of commits finds what differs, and nothing where nothing does."""

import pytest

from helpers.compare_commits import ROOT, compare, first_steps

PATHS = ['configs/oasis/oasis_toycity.py', 'configs/pix2pixhd/pix2pixhd_coarse_to_fine_toycity.py']


def test_what_is_said_of_two_results():
    one, other = dict(rate=['0x1p-3'], loss=['0x1.8p+1']), dict(rate=['0x1p-3'], loss=['0x1.8000000000001p+1'])
    assert compare([one, one], [dict(one), dict(one)]) == 'equal'
    assert compare([one, one], [one, other]).startswith('stage 2 DIFFERS in 1 of 2: loss ')
    assert compare([one], [dict(one, new=['0x0p+0'])]).startswith('stage 1 DIFFERS in 1 of 3: new None ')
    assert compare([one, one], [one]) == '2 stages, 1 now'
    assert compare([one], None) == 'in OLD alone' and compare(None, [one]) == 'in NEW alone'
    fails = dict(error='Traceback\nValueError: no')  # also where both do
    assert compare([fails], [fails]) == 'stage 1 fails, OLD: ValueError: no; NEW: ValueError: no'


@pytest.mark.slow
def test_a_config_gives_the_same_values_again_whatever_is_trained_before_it():
    together = first_steps(str(ROOT), PATHS, kept=None)
    alone = first_steps(str(ROOT), PATHS[1:], kept=None)
    assert list(together) == PATHS and [len(stages) for stages in together.values()] == [1, 3]
    assert compare(together[PATHS[1]], alone[PATHS[1]]) == 'equal'
    for values in (stage for stages in together.values() for stage in stages):
        assert len(values['generator/adversarial']) == len(values['discriminator/adversarial']) == 2
        assert len(set(values['generator/adversarial'])) == 2 and 'weights of generator' in values
