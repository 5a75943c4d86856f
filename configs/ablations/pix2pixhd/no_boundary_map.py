# 4.2, using instance maps, figure 5 (a), and "ours" of table 2: from labels alone, without the boundary map.
_base_ = './full.py'
model = dict(data_preprocessor=dict(instances=False))
train_dataloader = dict(dataset=dict(instances=False))
val_dataloader = dict(dataset=dict(instances=False))
test_dataloader = val_dataloader
row = dict(order=6, title='no boundary map', paper={'full preferred, %': 64.34})
