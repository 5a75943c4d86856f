# ECGAN's semantic preserving module, alone, on pix2pixHD's global generator, on ToyCity: it refines the image.
_base_ = '../pix2pixhd/pix2pixhd_toycity.py'
model = dict(generator=dict(head=dict(_delete_=True, type='EdgeGuidedHead', edges=False, transfer=False,
                                      class_specific=False, embedding_channels=None)))
