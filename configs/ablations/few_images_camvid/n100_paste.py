# pix2pixHD on 100 of CamVid's 367 training photos, spread over its drives:
# people and bicycles are pasted between scenes.
_base_ = '../../pix2pixhd/pix2pixhd_camvid.py'
train_dataloader = dict(dataset=dict(most_scenes=100, paste=dict(classes=['Pedestrian', 'Bicyclist'])))
train_cfg = dict(max_iters=2000, val_interval=2000)
row = dict(title='100: pasted objects', order=11)
