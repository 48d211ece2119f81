"""`make release`: every artefact of a release in one folder."""

import subprocess
import sys
import tomllib
from pathlib import Path

import click

from tools.release import ROOT
from tools.release.bom import write_bom
from tools.release.chart import package_chart
from tools.release.image import build_image, find_builder
from tools.release.notes import UNRELEASED, release_notes
from tools.release.packages import build_packages
from tools.release.provenance import Source, write_checksums, write_statement
from tools.release.signing import sign


def project_version() -> str:
    """Return the version in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def read_source() -> Source:
    """Return the commit that is checked out."""

    def git(*arguments: str) -> str:
        ran = subprocess.run(
            ["git", "-C", str(ROOT), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return ran.stdout.strip()

    return Source(
        git("rev-parse", "HEAD"),
        int(git("log", "-1", "--format=%ct")),
        is_dirty=bool(git("status", "--porcelain", "--untracked-files=no")),
    )


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("dist"), show_default=True)
@click.option("--dry-run", is_flag=True, help="Build what a release of this commit would contain.")
@click.option("--image", default="graphgate", show_default=True, help="Name of the image.")
@click.option("--without-image", is_flag=True, help="Build no image.")
@click.option("--sign", "tool", type=click.Choice(["cosign", "minisign"]), help="Sign with it.")
@click.option("--sign-key", type=click.Path(path_type=Path), help="The private key for --sign.")
def main(
    *,
    out: Path,
    dry_run: bool,
    image: str,
    without_image: bool,
    tool: str | None,
    sign_key: Path | None,
) -> None:
    """Build all artefacts of a release into a folder; nothing is published."""
    if bool(tool) != bool(sign_key):
        raise click.UsageError("--sign and --sign-key must be used together")
    version, source = project_version(), read_source()
    if source.is_dirty and not dry_run:
        raise click.ClickException("files differ from the commit; commit them, or use --dry-run")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    notes = release_notes(changelog, UNRELEASED if dry_run else version)
    out = out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise click.ClickException(f"{out} is not empty; a release needs an empty folder")
    artefacts = build_packages(out, source.epoch)
    artefacts.append(package_chart(out, version, source.epoch))
    artefacts.append(write_bom(out, version, source.epoch))
    for name in ("install.yaml", "crd/seldondeployments.yaml", "crd/policyexceptions.yaml"):
        copy = out / Path(name).name
        copy.write_bytes((ROOT / "manifests" / name).read_bytes())
        artefacts.append(copy)
    builder = None if without_image else find_builder()
    if builder is not None:
        archive = out / f"graphgate-image-{version}.tar"
        artefacts.append(build_image(builder, f"{image}:{version}", archive, source.epoch))
    elif not (without_image or dry_run):
        raise click.ClickException(
            "neither buildah nor docker is installed to build the image; use --without-image to "
            "skip it"
        )
    notes_file = out / "RELEASE-NOTES.md"
    notes_file.write_text(notes, encoding="utf-8")
    artefacts.append(notes_file)
    artefacts.append(write_statement(out, artefacts, version, source, ROOT))
    checksums = write_checksums(out, artefacts)
    if tool and sign_key:
        sign(tool, sign_key, checksums)
    for file in sorted(out.iterdir()):
        click.echo(f"{file.stat().st_size:>12,}  {file.name}")
    if builder is None and not without_image:
        click.echo("no image: neither buildah nor docker works here", err=True)


if __name__ == "__main__":
    sys.exit(main())
