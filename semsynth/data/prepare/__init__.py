"""Preparation of official downloads: each is written as the folders that its data set reads."""

from semsynth.data.prepare.ade20k import prepare_ade20k
from semsynth.data.prepare.coco_stuff import prepare_coco_stuff
from semsynth.data.prepare.helen import prepare_helen
from semsynth.data.prepare.nyu import prepare_nyu
from semsynth.data.prepare.resize import resize_datasets

__all__ = ['prepare_ade20k', 'prepare_coco_stuff', 'prepare_helen', 'prepare_nyu', 'resize_datasets']
