"""The table of constraints: what Kubernetes requires of single fields of pods and autoscalers.

A row is a path and what holds there: a format, a range, a length, one of some words, what is
required, what needs or excludes what. Rows are grouped by the rule that they belong to, which has
an id, an action, a page and fixtures like any rule with a file of its own; a rule that needs logic
of several lines is such a file, not a row.

Here: the modules with rows (`TABLES`), the checks that rows are made of (`checks`), the formats of
values (`formats`), and the walk (`walk`), which visits each document once for all rows. It goes
through every pod of a document: of the componentSpecs with their init containers, of
explainers (containerSpec) and of orchestrators (svcOrchSpec).

To add a constraint: add a row to the rule it belongs to, one bad and one good value for it to
tests/rules/constraint_cases.py, and record the API server's answers (see there).
"""

TABLES = (
    "amounts",
    "annotations",
    "autoscaler",
    "claim_templates",
    "containers",
    "images",
    "ineffective",
    "kubelet",
    "names",
    "plausibility",
    "pods",
    "scaled_objects",
    "scheduling",
    "volumes",
    "windows",
)
"""The modules with rows, each with a tuple RULES."""
