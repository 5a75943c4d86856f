"""Synthetic training data: made, filtered by a judge, and compared with real photos as what segmentors learn from."""

from semsynth.studies.synthetic_data.folder import earlier_note, images_in
from semsynth.studies.synthetic_data.judging import judge_config
from semsynth.studies.synthetic_data.make import Synthetic, make_synthetic_data
from semsynth.studies.synthetic_data.maps import find_maps
from semsynth.studies.synthetic_data.study import synthetic_study

__all__ = ['Synthetic', 'earlier_note', 'find_maps', 'images_in', 'judge_config', 'make_synthetic_data',
           'synthetic_study']
