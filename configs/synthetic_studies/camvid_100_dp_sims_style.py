# The same with images of DP-SIMS style. It needs pip install 'semsynth[weights]'.
_base_ = 'camvid_100.py'
generator = dict(config='semsynth::dp_sims_style/dp_sims_style_camvid.py')
