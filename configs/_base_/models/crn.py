# CRN (Chen & Koltun, ICCV 2017): cascaded refinement network, regression on VGG19's features, no discriminator.
model = dict(
    type='Synthesizer',
    # A module at every size from 4x8 to 512x1024.
    generator=dict(type='CRNGenerator', widths=(1024, 1024, 1024, 1024, 1024, 512, 512, 128),
                   head=dict(type='LinearHead')),
    # Factors of the image, relu1_2, relu2_2, relu3_2, relu4_2 and relu5_2: the released code's.
    losses=dict(regression=dict(
        type='CRNLoss', layer_weights=(1, 1 / 2.6, 1 / 4.8, 1 / 3.7, 1 / 5.6, 10 / 1.5))))
