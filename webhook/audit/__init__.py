"""Every SeldonDeployment of a cluster or of files, evaluated: values, sums, and formats.

    objects ─▶ Auditor ─▶ AuditedObject, one after the other ─▶ Tally
                                                             └▶ formats: text, json, csv, html, …

Nothing here holds all objects at once but what a format needs of each: 5,000 of them fit into the
memory that the page of 5,000 objects takes. Who lists a cluster is `cli.audit_sources`; who follows
one is `webhook.auditor`.
"""

from webhook.audit.auditor import Auditor
from webhook.audit.model import AuditContext, AuditedObject
from webhook.audit.tally import Tally

__all__ = ["AuditContext", "AuditedObject", "Auditor", "Tally"]
