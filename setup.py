"""Packaging of semsynth."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (ROOT / 'semsynth/__init__.py').read_text())[1]
EDIT = ['gradio>=6.10,<7']  # 6.10 is the first whose HTML component tells its script of new values
EXPORT = ['onnx', 'onnxscript', 'onnxruntime']

setup(
    name='semsynth',
    version=VERSION,
    description='The component zoo for semantic image synthesis: label map in, photo out, every part a plugin.',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.11',
    classifiers=[
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
    ],
    packages=find_packages(include=['semsynth', 'semsynth.*']),
    package_data={'semsynth': ['**/*.html', '**/*.css', '**/*.js']},
    install_requires=[
        'torch>=2.11',
        'torchvision>=0.26',
        'onedl-mmengine>=0.10.12',
        'onedl-mmcv>=2.3.6',
        'onedl-mmsegmentation>=1.4.2',
        'ftfy',  # mmseg.models imports ftfy and regex without declaring them
        'regex',
        'numpy',
        'pillow',
        'addict',
        'scikit-learn',
        'scipy',
        'matplotlib',
        'jinja2',
        'torchmetrics>=1.4',
        'torch-fidelity',
        'rich',
        'tensorboard',
    ],
    extras_require={
        'edit': EDIT,
        'export': EXPORT,
        'prepare': ['h5py'],
        'test': ['pytest', 'pytest-xdist', 'ruff>=0.17,<0.18', 'h5py', *EDIT, *EXPORT],
    },
)
