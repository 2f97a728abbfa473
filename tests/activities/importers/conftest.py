import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from activities.importers import ReadFile, Unreadable, read_file
from activities.recorded import RecordedActivity

Read = Callable[..., ReadFile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read content as if it had been brought as a file of that name."""

    def read(content: bytes | str, name: str = "run", *, packed: bool = False) -> ReadFile:
        path = tmp_path / "brought"
        content = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(content) if packed else content)
        return read_file(path, name=name)

    return read


@pytest.fixture
def only(read: Read) -> Callable[..., RecordedActivity]:
    """The one activity of a sound file."""

    def only(content: bytes | str) -> RecordedActivity:
        file = read(content)
        assert not file.incomplete
        assert not file.not_an_activity
        (activity,) = file.activities
        return activity

    return only


@pytest.fixture
def refusal(read: Read) -> Callable[..., str]:
    """The code with which a file is refused."""

    def refusal(content: bytes | str, name: str = "run", *, packed: bool = False) -> str:
        with pytest.raises(Unreadable) as refused:
            read(content, name, packed=packed)
        assert str(refused.value).endswith(".")
        return refused.value.code

    return refusal
