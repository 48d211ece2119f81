"""Makes what the policies need, and what they show of themselves.

webhook/policy/schema/admissionregistration.json   the shapes of the policy objects; source, choice
                                                   of minor and changes as in `kubernetes_types`
policies/library/README.md                         the table of the library
docs/policy-functions.md                           the functions of CEL, with the least Kubernetes
"""

from collections.abc import Iterable

import orjson

from tools.generators import ROOT, kubernetes_types, notice
from webhook import yamldoc
from webhook.cel.functions import MUTATION_LIBRARIES
from webhook.cel.signatures import Library
from webhook.policy import PolicySet, load_policy_set, objects_from_file
from webhook.policy.cel_graph_library import GRAPH_LIBRARY
from webhook.policy.inventory import list_policies

SHAPES = "webhook/policy/schema/admissionregistration.json"
LIBRARY = "policies/library"
FUNCTIONS = "docs/policy-functions.md"

_GROUP = "io.k8s.api.admissionregistration.v1."
KINDS = (
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
)


def files() -> dict[str, str]:
    """Return the extract, the library's table and the functions' table."""
    return {SHAPES: _shapes(), f"{LIBRARY}/README.md": _library(), FUNCTIONS: _functions()}


def _shapes() -> str:
    folder, minor = kubernetes_types.newest_bundle()
    published = orjson.loads((folder / "_definitions.json").read_bytes())["$defs"]
    seed = {kind: {"$ref": f"#/$defs/{_GROUP}{kind}"} for kind in KINDS}
    definitions = {
        name: kubernetes_types._fields(published[name], published)
        for name in sorted(kubernetes_types._reached(seed, published))
    }
    text = kubernetes_types._text(definitions, minor)
    old = notice(f"kubernetes-validate's Kubernetes 1.{minor} and {kubernetes_types.SEED}")
    return text.replace(old, notice(f"kubernetes-validate's Kubernetes 1.{minor}"), 1)


def _library() -> str:
    rows = []
    for folder in sorted(path.parent for path in (ROOT / LIBRARY).glob("*/policy.yaml")):
        for row in list_policies(_read(folder.name)):
            link = f"[{row.name}]({folder.name}/policy.yaml)"
            rows.append(
                f"| {link} | {row.title} | {row.category} | {row.severity} | {row.since_version} |"
            )
    return (
        f"<!-- {notice(f'{LIBRARY}/*/policy.yaml')} -->\n# The library\n\n"
        f"{len(rows)} policies for model serving, in Kubernetes' own format. Each folder has the "
        "policy with its\nbinding, and its tests. Kubernetes: the oldest release that runs it\n"
        'natively; "-": graphgate alone.\n\n'
        "| policy | what it requires | about | severity | Kubernetes |\n"
        "| --- | --- | --- | --- | --- |\n" + "\n".join(rows) + "\n\n"
        "## Copy one and change it\n\n"
        "```sh\n"
        "cp -r policies/library/replicas-bounded my-policies/replicas-bounded\n"
        "sed -i 's/20/5/g' my-policies/replicas-bounded/policy.yaml   # 5 replicas at most\n"
        "graphgate policies test my-policies\n"
        "graphgate check --policies my-policies model.yaml\n"
        "kubectl apply -f my-policies/replicas-bounded/policy.yaml   # or natively\n"
        "```\n\n"
        "`kubectl apply -k policies/library` has the API server enforce all that it understands. "
        "How policies are\nwritten and tested: [docs/policies.md](../../docs/policies.md).\n"
    )


def _read(name: str) -> PolicySet:
    text = (ROOT / LIBRARY / name / "policy.yaml").read_text(encoding="utf-8")
    return load_policy_set(objects_from_file(f"{name}/policy.yaml", yamldoc.read(text)))


def _functions() -> str:
    parts = [
        f"<!-- {notice('webhook/cel/libraries')} -->\n# Functions of CEL in policies\n",
        "CEL's own functions and operators are supported "
        "([langdef.md](https://github.com/google/cel-spec/blob/master/doc/langdef.md)); these "
        "libraries are\navailable too. Every function is tested with the same expressions here "
        "and in a "
        "real API server.\n",
    ]
    parts += [
        _of(library)
        for library in sorted((*MUTATION_LIBRARIES, GRAPH_LIBRARY), key=lambda one: one.since_minor)
    ]
    return "\n".join(parts)


def _of(library: Library) -> str:
    since = {0: "graphgate only, not portable", 1: "every Kubernetes with policies"}
    where = since.get(library.since_minor, f"Kubernetes 1.{library.since_minor}")
    lines = [f"| `{text}` |" for text in _signatures(library)]
    return f"## {library.name} ({where})\n\n| signature |\n| --- |\n" + "\n".join(lines) + "\n"


def _signatures(library: Library) -> Iterable[str]:
    for texts in library.signatures.values():
        yield from texts
