"""How fast are files read, and in how much memory?

    python bench/importers.py            the tables of README.md; about six minutes
    python bench/importers.py --quick    smaller files, without those at the limits

Files are made up and written to a temporary folder; each measurement is a process of its own, so that its peak of
memory is its own. `grew` is the peak of resident memory beyond what the process had before it began to read. Times are
of the processor, because the machine may have other work.
"""

import argparse
import gzip
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import fitdecode
import gpxpy
from lxml import etree

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from activities.importers import MAX_SAMPLES, Unreadable, read_file  # noqa: E402
from activities.importers.fit_checksum import crc16  # noqa: E402

START = 1_577_836_800  # 2020-01-01


def iso(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + second))


def write_gpx(path: Path, seconds: Iterator[int], *, rich: bool = True) -> None:
    extra = "<extensions><x:TPX><x:hr>150</x:hr><x:cad>85</x:cad></x:TPX></extensions>" if rich else ""
    with path.open("w") as file:
        file.write(
            '<?xml version="1.0"?>\n<gpx version="1.1" creator="made up" xmlns="http://www.topografix.com/GPX/1/1"'
        )
        file.write(' xmlns:x="x"><trk><trkseg>\n')
        for second in seconds:
            at = f'<trkpt lat="{50 + second * 2e-5:.7f}" lon="8.1234567"><ele>{100 + second % 9}</ele>'
            file.write(f"{at}<time>{iso(second)}</time>{extra}</trkpt>\n")
        file.write("</trkseg></trk></gpx>\n")


def write_tcx(path: Path, seconds: Iterator[int]) -> None:
    with path.open("w") as file:
        file.write('<?xml version="1.0"?>\n<TrainingCenterDatabase xmlns="tcx"><Activities><Activity Sport="Running">')
        file.write(f'<Id>{iso(0)}</Id><Lap StartTime="{iso(0)}"><TotalTimeSeconds>1</TotalTimeSeconds><Track>\n')
        for second in seconds:
            file.write(
                f"<Trackpoint><Time>{iso(second)}</Time><Position><LatitudeDegrees>{50 + second * 2e-5:.7f}"
                "</LatitudeDegrees><LongitudeDegrees>8.1234567</LongitudeDegrees></Position>"
                f"<AltitudeMeters>101.5</AltitudeMeters><DistanceMeters>{second * 3}</DistanceMeters>"
                "<HeartRateBpm><Value>150</Value></HeartRateBpm><Extensions><TPX><Speed>3.0</Speed>"
                "<RunCadence>85</RunCadence></TPX></Extensions></Trackpoint>\n"
            )
        file.write("</Track></Lap></Activity></Activities></TrainingCenterDatabase>\n")


def write_fit(path: Path, seconds: Iterator[int]) -> None:
    fields = [
        (253, 4, 0x86),
        (0, 4, 0x85),
        (1, 4, 0x85),
        (2, 2, 0x84),
        (3, 1, 2),
        (4, 1, 2),
        (5, 4, 0x86),
        (6, 2, 0x84),
    ]
    fields += [(7, 2, 0x84), (13, 1, 1), (39, 2, 0x84), (41, 2, 0x84), (53, 1, 2)]
    body = bytearray(b"\x40\0\0\0\0\x01\0\x01\0\0\x04")
    body += b"\x40\0\0" + struct.pack("<HB", 20, len(fields)) + b"".join(bytes(field) for field in fields)
    record = struct.Struct("<BIiiHBBIHHbHHB")
    for second in seconds:
        at = START - 631_065_600 + second
        body += record.pack(
            0, at, 600_000_000 + 200 * second, 96_000_000, 3000, 150, 85, 300 * second, 3000, 250, 20, 80, 250, 0
        )
    header = struct.pack("<BBHI4s", 12, 0x20, 2132, len(body), b".FIT")
    path.write_bytes(header + body + struct.pack("<H", crc16(header + bytes(body))))


def ours(path: Path) -> int:
    try:
        read = read_file(path, name=path.name)
    except Unreadable as refused:
        print(f"(refused: {refused.code})", end=" ")
        return 0
    return sum(activity.n_records for activity in read.activities)


def bare_fitdecode(path: Path) -> int:
    with fitdecode.FitReader(path) as reader:
        return sum(1 for frame in reader if isinstance(frame, fitdecode.FitDataMessage) and frame.name == "record")


def bare_gpxpy(path: Path) -> int:
    with path.open() as file:
        return sum(len(segment.points) for track in gpxpy.parse(file).tracks for segment in track.segments)


def bare_lxml(path: Path) -> int:
    """The whole tree, and one pass over it."""
    tree = etree.parse(path, etree.XMLParser(huge_tree=True))
    return sum(1 for element in tree.iter() if etree.QName(element).localname in ("trkpt", "Trackpoint"))


READERS = {"agegrade": ours, "fitdecode": bare_fitdecode, "gpxpy": bare_gpxpy, "lxml tree": bare_lxml}


def memory_mb(what: str) -> float:
    """VmRSS is what is resident now, VmHWM the most that ever was."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024


def measured(reader: str, path: Path) -> str:
    """One reading in a fresh process."""
    return subprocess.run(
        [sys.executable, __file__, "--one", reader, str(path)], capture_output=True, text=True, check=True
    ).stdout.strip()


def one(reader: str, path: Path) -> None:
    before = memory_mb("VmRSS")
    begun = time.process_time()
    n = READERS[reader](path)
    took = time.process_time() - begun
    grew = memory_mb("VmHWM") - before
    print(f"{n:>9,} samples  {took:7.2f} s  {n / took:>9,.0f} samples/s  grew {grew:6.0f} MB")


def hour_files(folder: Path, n: int) -> dict[str, list[Path]]:
    """n runs of an hour in each format."""
    files: dict[str, list[Path]] = {}
    for suffix, write in (("fit", write_fit), ("gpx", write_gpx), ("tcx", write_tcx)):
        for number in range(n):
            path = folder / f"hour{number}.{suffix}"
            write(path, iter(range(3600)))
            files.setdefault(suffix, []).append(path)
    return files


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--one", nargs=2)
    given = arguments.parse_args()
    if given.one:
        one(given.one[0], Path(given.one[1]))
        return
    with tempfile.TemporaryDirectory(prefix="agegrade-bench-") as name:
        folder = Path(name)
        print("Runs of an hour at one sample a second, one after the other")
        for suffix, paths in hour_files(folder, 2 if given.quick else 5).items():
            for reader in ("agegrade", {"fit": "fitdecode", "gpx": "gpxpy", "tcx": "lxml tree"}[suffix]):
                READERS[reader](paths[0])
                begun = time.process_time()
                n = sum(READERS[reader](path) for path in paths)
                took = time.process_time() - begun
                print(f"  {suffix}  {reader:10} {len(paths) / took:6.1f} files/s  {n / took:>9,.0f} samples/s")
        large = 30_000 if given.quick else 300_000
        print("Large files")
        for suffix, write, rival in (
            ("fit", write_fit, "fitdecode"),
            ("gpx", write_gpx, "gpxpy"),
            ("tcx", write_tcx, "lxml tree"),
        ):
            path = folder / f"large.{suffix}"
            write(path, iter(range(large)))
            size = path.stat().st_size / 2**20
            for reader in ("agegrade", rival):
                print(f"  {suffix}  {size:5.0f} MB  {reader:10} {measured(reader, path)}", flush=True)
            path.unlink()
        if given.quick:
            return
        print("At the limits")
        worst = {
            "fit, all samples": ("fit", write_fit, iter(range(MAX_SAMPLES))),
            "fit, back in time": ("fit", write_fit, iter(range(MAX_SAMPLES, 0, -1))),
            "fit, one too many": ("fit", write_fit, iter(range(MAX_SAMPLES + 1))),
        }
        for what, (suffix, write, seconds) in worst.items():
            path = folder / f"worst.{suffix}"
            write(path, seconds)
            print(f"  {what:22} {path.stat().st_size / 2**20:5.0f} MB  {measured('agegrade', path)}", flush=True)
            path.unlink()
        for what, seconds in (
            ("gpx.gz, all samples", range(MAX_SAMPLES)),
            ("gpx.gz, back in time", range(MAX_SAMPLES, 0, -1)),
        ):
            path = folder / "worst.gpx"
            write_gpx(path, iter(seconds), rich=False)
            packed = folder / "worst.gpx.gz"
            with path.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as file:
                while piece := plain.read(2**20):
                    file.write(piece)
            print(f"  {what:22} {path.stat().st_size / 2**20:5.0f} MB  {measured('agegrade', packed)}", flush=True)
        packed = folder / "bomb.gpx.gz"
        with gzip.open(packed, "wb") as file:
            for _ in range(1024):
                file.write(bytes(2**20))
        print(
            f"  {'1 GB of zeros, gzipped':22} {packed.stat().st_size / 2**20:5.1f} MB  {measured('agegrade', packed)}"
        )


if __name__ == "__main__":
    main()
