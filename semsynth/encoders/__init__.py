"""Encoders: real image in, style or latent of the layout out."""
