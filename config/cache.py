"""The cache: Redis, whose errors cost nobody a page. What django-allauth counts attempts with goes on without it.

A limit of attempts that vanished with Redis would let passwords be tried without end, and allauth's own answer to a
lost cache is to let nobody in at all. So its keys (attempts, and codes that were used), and only its, fall back to the
memory of the process: counted a little too generously (once a process) and never without limit. Other keys do not: one
process would go on showing what another one changed.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from django_redis.exceptions import ConnectionInterrupted

COUNTED: Final = "allauth"
#: for how long Redis is not asked again about attempts after it did not answer, so that nobody waits for it each time
AWAY_S: Final = 5.0


class Cache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._memory = LocMemCache("attempts while Redis is away", {"OPTIONS": {"MAX_ENTRIES": 20_000}})
        self._away_until = 0.0

    def add(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self._counted("add", key, *args, **kwargs) if _is_counted(key) else super().add(key, *args, **kwargs)

    def set(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self._counted("set", key, *args, **kwargs) if _is_counted(key) else super().set(key, *args, **kwargs)

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self._counted("get", key, *args, **kwargs) if _is_counted(key) else super().get(key, *args, **kwargs)

    def delete(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return (
            self._counted("delete", key, *args, **kwargs) if _is_counted(key) else super().delete(key, *args, **kwargs)
        )

    def _counted(self, act: str, *args: Any, **kwargs: Any) -> Any:
        in_redis: Callable[..., Any] = getattr(self.client, act)
        if time.monotonic() >= self._away_until:
            try:
                return in_redis(*args, **kwargs)
            except ConnectionInterrupted:
                self._away_until = time.monotonic() + AWAY_S
        return getattr(self._memory, act)(*args, **kwargs)


def _is_counted(key: str) -> bool:
    return isinstance(key, str) and key.startswith(COUNTED)
