"""The audit in the background: `graphgate watch`, a process of its own.

    SeldonDeployments ─┐               ┌─▶ Report or PolicyReport, one for each object
    policies, facts   ─┼─▶ judged again ┤
    settings, the hour ┘               └─▶ metrics

Belongs here: when an object is judged, and what of it is written. Does not belong here: judging and
what a report looks like (`audit`), and the API's protocol (`kube`).
"""
