"""Archives are taken apart with care, whatever is in them."""

import re
import stat
import zipfile
from pathlib import Path


def test_archives_are_measured_before_they_are_unpacked(ade20k_download, told, tmp_path, monkeypatch):
    content = ade20k_download.read_bytes()
    for limit, value in (('MOST_MEMBERS', 3), ('LARGEST_MEMBER', 100)):
        with monkeypatch.context() as patch:
            patch.setattr(f'semsynth.data.prepare.archives.{limit}', value)
            assert 'which is no data set: download it again' in told('ade20k', ade20k_download)[0]
    with zipfile.ZipFile(ade20k_download, 'a', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('bomb', bytes(60 * 2**20))
    assert ade20k_download.stat().st_size < 2**20
    assert 'and 0.1 GiB, the largest of 0.1, which is no data set' in told('ade20k', ade20k_download)[0]
    ade20k_download.write_bytes(content)
    with zipfile.ZipFile(ade20k_download, 'a') as archive:
        link = zipfile.ZipInfo('ADEChallengeData2016/images/training/ADE_train_00000008.jpg')
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, '/etc/passwd')
    assert 'ADE_train_00000008.jpg, and a data set has none: download it again' in told('ade20k', ade20k_download)[0]
    assert not (tmp_path / 'out').exists()


def test_members_go_to_names_of_ours(ade20k_download, prepare, tmp_path):
    with zipfile.ZipFile(ade20k_download, 'a') as archive:
        for name in ('../evil.jpg', '/evil.jpg', 'images/training/../../../evil.jpg', 'a/images/training/../evil.jpg'):
            archive.writestr(name, b'evil')
    prepare('ade20k', ade20k_download)
    assert not list(tmp_path.rglob('*evil*')) and not Path('/evil.jpg').exists()


def test_a_download_behind_a_password_is_damaged(tmp_path, ade20k_download, told):
    content = bytearray(ade20k_download.read_bytes())
    for signature, place in ((b'PK\x03\x04', 6), (b'PK\x01\x02', 8)):
        for found in re.finditer(signature, content):
            content[found.start() + place] |= 1
    ade20k_download.write_bytes(content)
    assert 'is damaged in' in told('ade20k', ade20k_download)[0]
