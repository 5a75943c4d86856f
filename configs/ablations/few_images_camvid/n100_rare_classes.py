# pix2pixHD on 100 of CamVid's 367 training photos, spread over its drives:
# scenes with rare classes come more often.
_base_ = '../../pix2pixhd/pix2pixhd_camvid.py'
train_dataloader = dict(drop_last=True, sampler=dict(type='RareClassSampler'), dataset=dict(most_scenes=100))
train_cfg = dict(max_iters=2000, val_interval=2000)
row = dict(title='100: rare classes', order=10)
