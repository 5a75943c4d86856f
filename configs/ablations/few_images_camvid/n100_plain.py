# pix2pixHD on 100 of CamVid's 367 training photos, spread over its drives:
# the photos as they are.
_base_ = '../../pix2pixhd/pix2pixhd_camvid.py'
train_dataloader = dict(dataset=dict(most_scenes=100))
train_cfg = dict(max_iters=2000, val_interval=2000)
row = dict(title='100: plain', order=7)
