# ECGAN's edge branch with attention guided transfer on OASIS's generator. Its discriminator segments the edge maps too.
_base_ = '../oasis/oasis_toycity.py'
model = dict(generator=dict(head=dict(type='EdgeGuidedHead', num_classes=_base_.num_classes, semantic=False,
                                      class_specific=False, embedding_channels=None)))
train_dataloader = dict(dataset=dict(edges=dict()))
