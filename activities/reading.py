"""Rows that know who reads them, so that what a reader is not to know is taken off them however they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, Self, TypeVar

from django.conf import settings
from django.db import models

from athletes import access
from athletes.models import Athlete

Row = TypeVar("Row", bound=models.Model)

_AT_ONCE: Final = 500


class ReadByQuerySet(models.QuerySet[Row]):
    """`read_by(user)`: instances go through `keep_from` before anybody has them. Values of columns do not: who asks for
    those of other people asks for nothing that is to be kept from them."""

    _reader: access.Viewer | None = None

    def read_by(self, user: access.Viewer) -> Self:
        rows = self.all()
        rows._reader = user
        return rows

    def unless_own(self, athlete: Athlete) -> Self:
        """The same rows, all of this athlete: of one's own nothing is kept back, and nothing has to be asked."""
        rows = self.all()
        if rows._reader is not None and rows._reader.pk == athlete.user_id:
            rows._reader = None
        return rows

    def keep_from(self, rows: Sequence[Row], reader: access.Viewer) -> None:
        raise NotImplementedError

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._reader = self._reader
        return clone

    def _fetch_all(self) -> None:
        fresh = self._result_cache is None
        super()._fetch_all()
        if fresh:
            self._keep(self._result_cache or [])

    def iterator(self, chunk_size: int | None = None) -> Iterator[Row]:
        rows = super().iterator(chunk_size)
        while some := list(islice(rows, chunk_size or _AT_ONCE)):
            self._keep(some)
            yield from some

    @property
    def keeps_from(self) -> access.Viewer | None:
        """Who reads and is not told what Strava told of other people; None where nothing is kept back."""
        reader = self._reader
        if reader is None or not reader.is_authenticated or settings.STRAVA_SHARE_WITH_COACHES:
            return None
        return reader

    def _keep(self, rows: Sequence[Any]) -> None:
        if (reader := self.keeps_from) is not None and rows:
            self.keep_from([row for row in rows if isinstance(row, self.model)], reader)
