import pytest

from semsynth.data.importing.splits import choose_splits, split_by_name

NAMES = [f'scene_{number}' for number in range(1000)]


def test_a_scene_stays_in_its_split_when_others_are_added():
    few, many = split_by_name(NAMES[:300], 0.1, 0), split_by_name(NAMES, 0.1, 0)
    assert few == {name: many[name] for name in few}
    assert 60 < sum(split == 'val' for split in many.values()) < 140
    assert split_by_name(NAMES[::-1], 0.1, 0) == many != split_by_name(NAMES, 0.1, 1)


@pytest.mark.parametrize(('count', 'share', 'val'), [(1, 0.5, 0), (2, 0.001, 1), (5, 0, 0), (5, 1, 4), (2, 1, 1)])
def test_both_splits_have_scenes_as_far_as_there_are_any(count, share, val):
    splits = split_by_name(NAMES[:count], share, 0)
    assert sum(split == 'val' for split in splits.values()) == val and len(splits) == count


def test_the_sources_own_splits_count_unless_a_share_is_asked_for():
    own = dict(a='train', b='test')
    assert choose_splits(['a', 'b', 'c'], own, None, 0) == dict(a='train', b='test', c='train')
    assert set(choose_splits(['a', 'b', 'c'], own, 0.5, 0).values()) == {'train', 'val'}
    for lone in ({'a': 'train', 'b': 'train', 'c': 'train'}, {'a': 'val', 'b': 'val', 'c': 'val'}, {}):
        assert sorted(choose_splits(['a', 'b', 'c'], lone, None, 0).values()) == ['train', 'train', 'val']
