"""The data sets of a config."""

from mmengine.registry import DefaultScope

from semsynth.config import dataset_of
from semsynth.registry import DATASETS


def scenes_of(config, **changes):
    """The scenes of the test set, with other arguments, as evaluation reads them."""
    with DefaultScope.overwrite_default_scope('semsynth'):
        return DATASETS.build({**dataset_of(config, 'test'), 'edges': None, **changes})
