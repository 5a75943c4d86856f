"""Data sets, transforms, and the way from files to a layout."""

import semsynth.data.quiet  # noqa: F401  before anything else imports mmseg
from semsynth.data import transforms
from semsynth.data.ade20k import ADE20KDataset
from semsynth.data.camvid import CamVidDataset
from semsynth.data.checks import check_classes, check_dataset, quick_check
from semsynth.data.cityscapes import CityscapesDataset, ToyCityDataset
from semsynth.data.coco_stuff import COCOStuffDataset
from semsynth.data.draws import Draw, seed_all
from semsynth.data.helen import HelenDataset
from semsynth.data.mixed import MixedScenes
from semsynth.data.nyu import NYUDataset
from semsynth.data.paired_folder import PairedFolderDataset
from semsynth.data.pixel_counts import class_pixels
from semsynth.data.preprocessor import LayoutPreprocessor

__all__ = ['ADE20KDataset', 'COCOStuffDataset', 'CamVidDataset', 'CityscapesDataset', 'Draw', 'HelenDataset',
           'LayoutPreprocessor', 'MixedScenes', 'NYUDataset', 'PairedFolderDataset', 'ToyCityDataset', 'check_classes',
           'check_dataset', 'class_pixels', 'quick_check', 'seed_all', 'transforms']
