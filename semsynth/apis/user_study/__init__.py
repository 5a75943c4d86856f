"""Preference studies (pix2pixHD 4.2, ECGAN table 1): people choose between images of two methods."""

from semsynth.apis.user_study.make import make_study
from semsynth.apis.user_study.pictures import StudyLayouts, data_set_of
from semsynth.apis.user_study.plan import Study, Trial, plan_trials
from semsynth.apis.user_study.report import report_study

__all__ = ['Study', 'StudyLayouts', 'Trial', 'data_set_of', 'make_study', 'plan_trials', 'report_study']
