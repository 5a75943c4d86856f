"""Published folders on the Hugging Face Hub: pushed there, and loaded from there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from semsynth.apis.publishing.folder import FILES

NAME = re.compile(r'\w[\w.-]*/\w[\w.-]*')


def check_push(name: str) -> None:
    """Refuse a push that cannot succeed, before there is work to lose.

    Args:
        name: of the repository, ``USER/NAME``.

    Raises:
        ValueError: it is no such name, huggingface_hub is missing, or nobody is logged in.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f'push={name!r} is no name of a repository: write it as USER/NAME.')
    if importlib.util.find_spec('huggingface_hub') is None:
        raise ValueError("A push needs huggingface_hub: pip install 'semsynth[hub]'")
    from huggingface_hub import HfApi

    try:
        HfApi().whoami()
    except Exception as error:  # of the network, of the library, or for want of a login
        raise ValueError(f'The Hugging Face Hub does not know who pushes ({_first_line(error)}): log in with `hf auth '
                         'login`, or set HF_TOKEN.') from error


def upload(folder: Path, name: str) -> str:
    """Upload a published folder's own files, and no others that may lie there.

    Args:
        folder: as ``publish`` writes it.
        name: of the repository; made where there is none.

    Returns:
        Its address.

    Raises:
        ValueError: the upload failed.
    """
    from huggingface_hub import HfApi

    try:
        api = HfApi()
        address = api.create_repo(name, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder, allow_patterns=list(FILES),
                          commit_message='Published by semsynth')
    except Exception as error:  # of the network, and of the library
        raise ValueError(f'{folder} is written, but could not be pushed to {name} ({_first_line(error)}); try again '
                         f'with `hf upload {name} {folder}`.') from error
    return str(address)


def download(name: str, revision: str | None = None) -> Path:
    """Download a published folder, its own files alone, into huggingface_hub's cache, unless it is there.

    Args:
        name: of the repository.
        revision: a branch, tag or commit; the newest by default.

    Returns:
        The folder in the cache.

    Raises:
        ValueError: it is no such name, huggingface_hub is missing, or the download failed.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f'There is no folder {name}, and no repository of the Hugging Face Hub is called so: there it '
                         'would be USER/NAME.')
    if importlib.util.find_spec('huggingface_hub') is None:
        raise ValueError(f'There is no folder {name}. Loading it from the Hugging Face Hub needs huggingface_hub: pip '
                         "install 'semsynth[hub]'")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(FILES)))
    except Exception as error:  # of the network, and of the library
        raise ValueError(f'There is no folder {name}, and the Hugging Face Hub gave none of that name '
                         f'({_first_line(error)}): correct the name, or log in with `hf auth login` where it is '
                         'private.') from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip('.')
