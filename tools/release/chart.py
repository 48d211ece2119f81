"""The chart as `helm package` makes it, but with the commit's time: the same bytes each time."""

import gzip
import io
import tarfile
from pathlib import Path

from tools.release import ROOT

CHART = ROOT / "manifests" / "chart"


def package_chart(out: Path, version: str, epoch: int) -> Path:
    """Write the archive into `out`; return it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(path for path in CHART.rglob("*") if path.is_file()):
            entry = tarfile.TarInfo(f"graphgate/{file.relative_to(CHART).as_posix()}")
            content = file.read_bytes()
            entry.size, entry.mtime, entry.mode = len(content), epoch, 0o644
            archive.addfile(entry, io.BytesIO(content))
    target = out / f"graphgate-chart-{version}.tgz"
    target.write_bytes(gzip.compress(buffer.getvalue(), mtime=epoch))
    return target
