"""An installation as one file, out and in again: the database, the files people gave, and which keys open the secrets.

Made without pg_dump, whose version would have to follow the server's: rows go through PostgreSQL's own COPY, in its text
form, which any PostgreSQL reads and a hypertable and a plain table look alike in. So a backup moves between machines,
between plain PostgreSQL and TimescaleDB, and between versions of Agegrade (restore.py).

The file is an ordinary tar, written and read as a stream in pieces of a few megabytes:

    agegrade.json                  what this is: format, versions, tables with columns, sequences, fingerprints of the keys
    media/incoming/…               what waits to be read (first: it may be gone in a moment)
    database/<table>/<n>.copy.gz   rows, read in one snapshot
    media/…                        the originals
    checksums.json                 sha256 and size of every member above, and how many rows a table has

`archive.py` knows the file, `database.py` and `media.py` each side of it, `installation.py` looks at a running one. The
keys themselves are never in it: without FIELD_KEYS kept elsewhere, what they seal is lost.
"""
