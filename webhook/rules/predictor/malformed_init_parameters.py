"""initParameters of an explainer are not a JSON object

Why: with protocol v2 Seldon's operator writes initParameters unread into a variable with JSON,
which the explainer server reads when it starts. What is not a JSON object there ends the server
again and again, and graphgate's reconciler leaves it out. Your own image may read it in another
way, and is not spoken of.

Fix: Write the arguments of the explainer as one JSON object.

Bad:
    explainer:
      type: AnchorTabular
      initParameters: "threshold=0.95"

Good:
    explainer:
      type: AnchorTabular
      initParameters: '{"threshold": 0.95}'
"""

import json
from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.rendering.model_servers import V2_PROTOCOLS
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"explainer"})


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield arguments that are not readable (source: getAlibiExplainExtraEnvVars, v1.17)."""
    explainer = get_mapping(predictor.raw, "explainer")
    written = get_str(explainer, "initParameters")
    if (
        written
        and get_str(explainer, "type")
        and not get_str(get_mapping(explainer, "containerSpec"), "image")
        and get_str(deployment.spec, "protocol") in V2_PROTOCOLS
        and not _is_json_object(written)
    ):
        yield Finding(
            predictor.path / "explainer" / "initParameters",
            f"initParameters must be a JSON object, got {quote_value(written)}",
            """write it like '{"threshold": 0.95}'""",
        )


def _is_json_object(text: str) -> bool:
    try:
        return type(json.loads(text)) is dict
    except (ValueError, RecursionError):
        return False
