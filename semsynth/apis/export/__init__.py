"""A trained generator as an ONNX file: a layout's channels in, images out."""

from semsynth.apis.export.onnx_file import Exported, export

__all__ = ['Exported', 'export']
