"""Evaluators: metrics over a whole set of results."""

from semsynth.evaluators.base import Evaluator
from semsynth.evaluators.class_iou import ClassIoU
from semsynth.evaluators.diversity import FeatureDiversity, LPIPSDiversity
from semsynth.evaluators.features import EfficientNetLiteStatistics, FeatureStatistics, InceptionStatistics
from semsynth.evaluators.frechet import (
    FrechetDistance,
    FrechetEfficientNetLite0,
    FrechetEfficientNetLite1,
    FrechetInceptionDistance,
)
from semsynth.evaluators.report import build_report, report_tables, settings_in, write_report
from semsynth.evaluators.segmentation import SegmentationEvaluator

__all__ = ['ClassIoU', 'EfficientNetLiteStatistics', 'Evaluator', 'FeatureDiversity', 'FeatureStatistics',
           'FrechetDistance', 'FrechetEfficientNetLite0', 'FrechetEfficientNetLite1', 'FrechetInceptionDistance',
           'InceptionStatistics', 'LPIPSDiversity', 'SegmentationEvaluator', 'build_report', 'report_tables',
           'settings_in', 'write_report']
