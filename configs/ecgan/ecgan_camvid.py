# ECGAN on CamVid at 96x128, no instance maps, for 2 CPU cores.
_base_ = [
    '../_base_/models/ecgan_small.py', '../_base_/datasets/camvid_96x128.py', '../_base_/schedules/camvid.py',
    '../_base_/judges/camvid.py', '../_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(num_classes=_base_.num_classes, unknown=_base_.unknown),
    generator=dict(head=dict(num_classes=_base_.num_classes)),
    segmentor=dict(type='Segmentor', config='configs/segmentors/unet_camvid.py',
                   checkpoint='work_dirs/unet_camvid/final.pth', class_map=_base_.class_map))
train_dataloader = dict(dataset=dict(edges=dict()))
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))
