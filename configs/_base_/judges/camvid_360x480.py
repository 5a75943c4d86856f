# A judge that knows ImageNet and saw CamVid's photos at their own size, made by
# semsynth train_segmentor semsynth::segmentors/judge_camvid_360x480.py
# Images are enlarged to that size before it looks at them.
judge = dict(type='Segmentor', config='semsynth::segmentors/judge_camvid_360x480.py',
             checkpoint='work_dirs/judge_camvid_360x480/final.pth', class_map='camvid_12_to_11', input_size=(360, 480))
test_evaluator = [
    dict(type='SegmentationEvaluator', judge=judge), dict(type='FrechetDistance', judge=judge),
    dict(type='FrechetEfficientNetLite1')]
diversity_evaluator = [dict(type='FeatureDiversity', judge=judge)]
