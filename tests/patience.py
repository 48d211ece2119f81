"""How long tests wait for other processes at most.

A limit is no measurement: whoever waits looks again and again and goes on at once, so a generous
one costs nothing but on the day of a fault. These hold on a machine that does ten other things.
"""

SECONDS = 300.0
"""For one thing to happen; most take one or two."""

SECONDS_FOR_A_REVIEW = 30
"""The API server's limit for a webhook, and Kubernetes' longest. The chart's 3 s are for a cluster:
here an answer that the machine delays would be taken for a lost one."""
