"""The audit in the background: `graphgate watch`, a process of its own.

    SeldonDeployments ─┐               ┌─▶ Report or PolicyReport, one for each object
    policies, facts   ─┼─▶ evaluated again ┤
    settings, the hour ┘               └─▶ metrics

Belongs here: when an object is evaluated, and what of it is written. Does not belong here:
evaluating and what a report looks like (`audit`), and the API's protocol (`kube`).
"""
