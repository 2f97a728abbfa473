import os

import pytest
from fitdecode.utils import compute_crc

from activities.importers.fit_checksum import crc16


def test_the_published_check_value():
    assert crc16(b"123456789") == 0xBB3D  # CRC-16/ARC in the catalogue of parametrised CRC algorithms


def test_nothing_changes_nothing():
    assert crc16(b"") == 0
    assert crc16(b"", 0xBB3D) == 0xBB3D


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 5000])
def test_it_is_fitdecodes_at_every_length_and_in_pieces(size):
    data = os.urandom(size)
    assert crc16(data) == compute_crc(data)
    assert crc16(data[size // 3 :], crc16(data[: size // 3])) == compute_crc(data)
