"""Evaluators: metrics over a whole set of results."""

from semsynth.evaluators.base import Evaluator
from semsynth.evaluators.frechet import FID, FrechetDistance
from semsynth.evaluators.report import build_report, report_tables, write_report
from semsynth.evaluators.segmentation import SegmentationEvaluator

__all__ = ['FID', 'Evaluator', 'FrechetDistance', 'SegmentationEvaluator', 'build_report', 'report_tables',
           'write_report']
