"""Sources of projected volumes with certificates: valid ones, and what is wrong with others."""

from tests.documents_of import with_pod
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import Facts
from webhook.settings.model import read_settings

READ_SINCE_MINOR = 37
RULE = "malformed-certificate-source"
SELECTOR = {"matchLabels": {"team": "a"}}
SECRET = {"secret": {"name": "s", "items": [{"key": "k", "path": "ca.crt"}]}}


def labels(length):
    """Return a subdomain of so many characters."""
    return ".".join(["a" * 60] * 10)[: length - 1].rstrip(".").ljust(length, "b")


def bundle(**fields):
    return {"clusterTrustBundle": {"path": "ca.crt", **fields}}


def issued(**fields):
    given = {"signerName": "a.example/b", "keyType": "ED25519", "credentialBundlePath": "tls.pem"}
    kept = {key: value for key, value in {**given, **fields}.items() if value is not None}
    return {"podCertificate": kept}


def requirement(operator, *values, key="team"):
    listed = {"values": list(values)} if values else {}
    return {"matchExpressions": [{"key": key, "operator": operator, **listed}]}


def of_signer(**selector):
    return [bundle(signerName="a.example/b", labelSelector=selector)]


VALID = {
    "bundle by name": [bundle(name="trust")],
    "bundle by the name of a signer's": [bundle(name="a.example:b:trust")],
    "bundle by signer": [bundle(signerName="a.example/b")],
    "bundle by signer and labels": of_signer(**SELECTOR),
    "bundle by signer and expressions": of_signer(**requirement("In", "a", "b")),
    "bundle by signer and a key": of_signer(**requirement("Exists")),
    "long signer name": [bundle(signerName=f"a.example/{'b' * 200}.c")],
    "longest domain": [bundle(signerName=f"{labels(253)}/b")],
    "longest signer": [bundle(signerName=f"{labels(253)}/{labels(253)}.{'b' * 63}")],
    "certificate": [issued()],
    "certificate in two files": [
        issued(credentialBundlePath=None, keyPath="tls.key", certificateChainPath="tls.crt")
    ],
    "certificate with all": [
        issued(maxExpirationSeconds=7862400, userAnnotations={"A.example/Key": "x"})
    ],
    "Kubernetes' certificate": [
        issued(signerName="kubernetes.io/kube-apiserver-client-pod", maxExpirationSeconds=86400)
    ],
    "side by side": [bundle(name="trust"), issued(), {"secret": {"name": "s"}}],
}
INVALID = {
    "name and signer": [bundle(name="trust", signerName="a.example/b")],
    "neither name nor signer": [bundle()],
    "empty name": [bundle(name="")],
    "name in capitals": [bundle(name="Trust")],
    "name with a slash": [bundle(name="a.example/b")],
    "name of a signer's with a slash": [bundle(name="a.example/b:trust")],
    "name that ends with a colon": [bundle(name="a.example:b:")],
    "name and labels": [bundle(name="trust", labelSelector=SELECTOR)],
    "name and no labels": [bundle(name="trust", labelSelector={})],
    "empty signer": [bundle(signerName="")],
    "signer without a path": [bundle(signerName="a.example")],
    "signer with two slashes": [bundle(signerName="a.example/b/c")],
    "signer without a dot": [bundle(signerName="example/b")],
    "signer in capitals": [bundle(signerName="A.example/b")],
    "signer's path in capitals": [bundle(signerName="a.example/B")],
    "signer's long label": [bundle(signerName=f"{'a' * 64}.example/b")],
    "signer's long domain": [bundle(signerName=f"{'a.' * 126}example/b")],
    "signer's longer domain": [bundle(signerName=f"{labels(254)}/b")],
    "longer signer": [bundle(signerName=f"{labels(253)}/{labels(253)}.{'b' * 64}")],
    "signer's path too long": [bundle(signerName=f"a.example/{'b' * 254}")],
    "label key": of_signer(matchLabels={"a b": "c"}),
    "label value": of_signer(matchLabels={"a": "b c"}),
    "In without values": of_signer(**requirement("In")),
    "Exists with values": of_signer(**requirement("Exists", "a")),
    "unknown operator": of_signer(**requirement("Is", "a")),
    "key of an expression": of_signer(**requirement("Exists", key="")),
    "value of an expression": of_signer(**requirement("In", "b c")),
    "no path": [bundle(name="trust", path="")],
    "absolute path": [bundle(name="trust", path="/ca.crt")],
    "path above": [bundle(name="trust", path="../ca.crt")],
    "path that starts with dots": [bundle(name="trust", path="..ca.crt")],
    "path twice": [bundle(name="trust"), bundle(name="other")],
    "path of a secret": [SECRET, bundle(name="trust")],
    "path of a secret behind": [bundle(name="trust"), SECRET],
    "path in one source": [issued(keyPath="tls.pem")],
    "two kinds": [SECRET | issued()],
    "both kinds": [bundle(name="trust") | issued()],
    "no signer": [issued(signerName="")],
    "no key type": [issued(keyType="")],
    "key type": [issued(keyType="RSA2048")],
    "no file": [issued(credentialBundlePath=None)],
    "file above": [issued(credentialBundlePath="../tls.pem")],
    "absolute key": [issued(keyPath="/tls.key")],
    "chain above": [issued(certificateChainPath="a/../tls.crt")],
    "too short": [issued(maxExpirationSeconds=3599)],
    "too long": [issued(maxExpirationSeconds=7862401)],
    "too long for Kubernetes": [issued(signerName="x.kubernetes.io/b", maxExpirationSeconds=86401)],
    "annotation without a domain": [issued(userAnnotations={"key": "x"})],
    "annotation with a space": [issued(userAnnotations={"a.example/a b": "x"})],
}


def pod_of(sources):
    return {
        "containers": [{"name": "classifier", "image": "registry.example/iris:1"}],
        "volumes": [{"name": "certificates", "projected": {"sources": sources}}],
    }


def evaluate_sources(sources, minor):
    """Return the decision on an object with such a volume, on a cluster of a version."""
    document = with_pod(**pod_of(sources))
    facts = Facts(kubernetes_minor=minor, operator="graphgate")
    decision = evaluate(document, read_settings(), facts)
    assert decision.rule_errors == ()
    return decision


def denials(sources, minor):
    return {finding.rule_id for finding in evaluate_sources(sources, minor).denials}


def warnings(sources, minor):
    found = {finding.rule_id for finding in evaluate_sources(sources, minor).warnings}
    return found & {RULE}
