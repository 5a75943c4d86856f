# CamVid: 11 classes and the unknown one, no instance maps; flipped with p = 0.5.
data_root = '{{$CAMVID_ROOT:data/camvid}}'
image_size = (96, 128)  # height x width
batch_size = 4
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=12, unknown=11)
class_map = 'camvid_12_to_11'
label_generator = dict(type='Segmentor', config='semsynth::segmentors/unet_camvid.py',
                       checkpoint='work_dirs/unet_camvid/final.pth', class_map=class_map)

train_dataloader = dict(num_workers=2, dataset=dict(type='CamVidDataset', split='train', flip=0.5))
val_dataloader = dict(batch_size=16, num_workers=1, dataset=dict(type='CamVidDataset', split='val', test_mode=True))
test_dataloader = val_dataloader
