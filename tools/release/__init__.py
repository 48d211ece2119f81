"""Makes a release: `python -m tools.release [--out DIR] [--image NAME] [--sign-key FILE]`.

    packages    wheel and source distribution
    chart       the Helm chart as an archive
    bom         what is in the image, as CycloneDX
    notes       the section of CHANGELOG.md
    provenance  checksums, and an in-toto statement of how it was made
    image       the image, where buildah or docker is there
    __main__    the steps in their order

Each artefact is the same to the byte for the same commit: times are the commit's. Nothing is
published.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
