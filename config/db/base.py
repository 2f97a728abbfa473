"""django-timescaledb's backend, which also starts on a PostgreSQL that has no TimescaleDB."""

from timescale.db.backends.postgresql.base import DatabaseWrapper as TimescaleWrapper


class DatabaseWrapper(TimescaleWrapper):
    def prepare_database(self) -> None:
        """Create the extension before migrating, where the server offers it."""
        with self.cursor() as cursor:
            cursor.execute("select 1 from pg_available_extensions where name = 'timescaledb'")
            offered = cursor.fetchone() is not None
        if offered:
            super().prepare_database()
