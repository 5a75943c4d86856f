# Table 3, row 5: all but pixel-wise contrastive learning and class-specific pixel generation (Gc).
_base_ = '../../ecgan/ecgan_cityscapes.py'
model = dict(
    generator=dict(head=dict(class_specific=False, embedding_channels=None)),
    losses=dict(contrastive=None, class_specific=None))
row = dict(title='+ Gl', paper=dict(mIoU=66.8, aAcc=82.7, FID=52.2))
