"""Preference studies (pix2pixHD 4.2, ECGAN table 1): people choose between images of two methods."""

from semsynth.studies.preference.make import make_study
from semsynth.studies.preference.pictures import StudyLayouts, data_set_of
from semsynth.studies.preference.plan import Study, Trial, plan_trials
from semsynth.studies.preference.report import report_study

__all__ = ['Study', 'StudyLayouts', 'Trial', 'data_set_of', 'make_study', 'plan_trials', 'report_study']
