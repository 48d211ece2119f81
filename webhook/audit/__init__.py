"""Every SeldonDeployment of a cluster or of files, evaluated: values, sums, and formats.

    objects ─▶ Auditor ─▶ AuditedObject, one after the other ─▶ Tally
                                                             └▶ formats: text, json, csv, html, …

Nothing here holds all objects at once, only what a format needs of each. `cli.audit_sources` lists
a cluster; `webhook.auditor` watches one.
"""

from webhook.audit.auditor import Auditor
from webhook.audit.model import AuditContext, AuditedObject
from webhook.audit.tally import Tally

__all__ = ["AuditContext", "AuditedObject", "Auditor", "Tally"]
