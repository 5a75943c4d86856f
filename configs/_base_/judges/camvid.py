# Who judges results on CamVid: a segmentor that no training sees, made by
# semsynth train_segmentor semsynth::segmentors/judge_camvid.py
judge = dict(type='Segmentor', config='semsynth::segmentors/judge_camvid.py',
             checkpoint='work_dirs/judge_camvid/final.pth', class_map='camvid_12_to_11')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge), dict(type='FrechetDistance', judge=judge)]
# The judge's features stand in for LPIPS, whose weights CamVid does without.
diversity_evaluator = [dict(type='FeatureDiversity', judge=judge)]
