"""Where the project's own three manifests are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "manifests" / "examples" / "seed"
EXAMPLES = ROOT / "manifests" / "examples"
