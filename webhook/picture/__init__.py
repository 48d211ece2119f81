"""A SeldonDeployment as a picture: what calls what, where it runs, and where its errors are.

    document, findings ─▶ build_picture ─▶ Picture ─▶ tree | svg | mermaid | dot

Belongs here: what is drawn, and one module for each format. Does not belong here: evaluating.
"""

from webhook.picture.build import build_picture
from webhook.picture.model import (
    DrawnContainer,
    DrawnDeployment,
    DrawnExplainer,
    DrawnNode,
    DrawnPredictor,
    Mark,
    Picture,
)

__all__ = [
    "DrawnContainer",
    "DrawnDeployment",
    "DrawnExplainer",
    "DrawnNode",
    "DrawnPredictor",
    "Mark",
    "Picture",
    "build_picture",
]
