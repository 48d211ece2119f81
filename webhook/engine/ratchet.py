"""Old errors: what an object had before an update does not deny the update.

Without this, a stricter rule would lock every object that violates it: not even its labels
could change. A finding is old if the same rule was broken before by the same values at the same
places, where a place counts list items by their name and not by their number. What a finding says
is not compared: one message may apply to many objects.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from webhook.engine.rule_runner import ActionFinding
from webhook.graph.finding_identity import FindingKey, finding_keys


def ratchet(
    findings: Iterable[ActionFinding],
    documents: Sequence[Any],
    old_findings: Iterable[ActionFinding],
    old_document: Any,
    *,
    same_unread: bool = False,
) -> list[ActionFinding]:
    """Return the findings, with "warn" for each denial that was there before.

    documents  the object as it is evaluated and, if that differs, as it was submitted: defaults
               that are filled in now change a structure that its author left alone

    same_unread  whether the update does not change parts that were not read. Only then can a
                 finding about unread parts be old
    """
    old_keys = Counter[FindingKey]()
    old_incomplete: set[str] = set()
    for _, finding in old_findings:
        if finding.incomplete:
            old_incomplete.add(finding.rule_id)
        else:
            old_keys.update(finding_keys(finding, old_document))
    ratcheted: list[ActionFinding] = []
    for action, finding in findings:
        if action != "deny":
            ratcheted.append((action, finding))
        elif finding.incomplete:
            is_old = same_unread and finding.rule_id in old_incomplete
            ratcheted.append(("warn" if is_old else "deny", finding))
        else:
            spellings = [Counter(finding_keys(finding, document)) for document in documents]
            keys = next((k for k in spellings if _includes(old_keys, k)), None)
            is_old = keys is not None
            if keys is not None:  # each old error excuses one
                old_keys.subtract(keys)
            ratcheted.append(("warn" if is_old else "deny", finding))
    return ratcheted


def _includes(old_keys: Counter[FindingKey], keys: Counter[FindingKey]) -> bool:
    # `<=` and `-=` of Counter would visit all old paths for each finding.
    return all(old_keys[key] >= number for key, number in keys.items())
