"""Code blocks that no test can run or judge, each with its reason.

Named by page and first line. `test_blocks.py` counts them, and refuses one that is not needed.
"""

SHAPE = "the shape of a report, with words between; its fields are compared: test_reports.py"
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
    (
        "docs/audit.md",
        '{"version": 1, "source": "https://…", "createdAt": "…", "graphgateVersion": "…",',
    ): SHAPE,
    ("docs/cli.md", "{"): SHAPE,
    ("docs/graphs.md", "seldon-model"): "drawn by its generator, which make check compares",
    ("docs/operations/server.md", "[+] lifecycle: serving"): (
        "what /readyz says on a bad day: a broken settings file beside a certificate that holds"
    ),
    (
        "docs/policies.md",
        "policies/gpu.yaml:12:24: gpu-limit: undeclared reference to 'foo'",
    ): "a problem of a policy that is not there; tests/policy has many",
    ("docs/policies.md", "graph.nodes(object).all(n, n.depth <= 5)"): (
        "expressions without their policy; the library uses each of these functions"
    ),
    (
        "docs/policies.md",
        "spec.predictors[0].componentSpecs[0].spec.containers[0].image: pod of predictor main: "
        "an image is not pinned",
    ): "the form of a finding, of a policy that is not there",
    ("docs/operations/install.md", "ignoreDifferences:"): (
        "a part of an Argo CD Application, which nothing here reads"
    ),
    ("docs/policies.md", "resources: [seldondeployments, seldondeployments/scale]"): (
        "one line of a policy's matchConstraints; the policies above it are read"
    ),
}
