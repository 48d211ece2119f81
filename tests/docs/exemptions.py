"""Code blocks that no test can run or judge, each with its reason.

Named by page and first line. `test_blocks.py` counts them, and refuses one that is not needed.
"""

SEEN_BY_AUTHORS = "what led to a decision, as it was seen; nobody runs it again"

EXEMPT: dict[tuple[str, str], str] = {
    ("docs/adr/0001-both-endpoints-decide.md", "$ kubectl apply -f three-steps.yaml"): (
        SEEN_BY_AUTHORS
    ),
    (
        "docs/adr/0002-the-open-definition.md",
        "$ kubectl explain sdep.spec.predictors.graph.children",
    ): SEEN_BY_AUTHORS,
    ("docs/adr/0006-denied-as-forbidden.md", "$ kubectl apply -f three-steps.yaml"): (
        SEEN_BY_AUTHORS
    ),
    ("docs/adr/0007-ratchet.md", "$ kubectl label sdep iris team=a"): SEEN_BY_AUTHORS,
    ("docs/adr/0008-our-own-evaluator.md", "$ graphgate policies lint policies/"): (
        SEEN_BY_AUTHORS
    ),
    ("docs/operations/install.md", "ignoreDifferences:"): (
        "a part of an Argo CD Application, which nothing here reads"
    ),
    ("docs/policies.md", "resources: [seldondeployments, seldondeployments/scale]"): (
        "one line of a policy's matchConstraints; the policies above it are read"
    ),
}
