# NYU Depth v2 at 427x561 (height x width), the size of its pictures: 40 classes and the unknown one, instance maps.
# A boundary channel comes from the instances, so the model's preprocessor has instances=True too.
data_root = '{{$NYU_ROOT:data/nyu}}'
image_size = (427, 561)
num_classes = 41
unknown = 0
instances = True
class_map = 'nyu_41_to_40'

load = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=image_size[::-1])]
train_pipeline = [*load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='PackScene')]
val_pipeline = [*load, dict(type='PackScene')]

train_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True, drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(type='NYUDataset', data_root=data_root, split='train', instances=instances, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='NYUDataset', data_root=data_root, split='test', instances=instances, test_mode=True,
                 pipeline=val_pipeline))
test_dataloader = val_dataloader
