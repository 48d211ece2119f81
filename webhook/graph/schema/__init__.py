"""The shape of a SeldonDeployment: which fields there are, of which types, and the known words.

One document written by hand (`seldondeployment.json`) and one generated extract of Kubernetes' own
types (`kubernetes.json`) make one JSON Schema, draft 2020-12. The CRD and the reference page are
generated from the same document (`tools/generators`).

It says nothing of what rules evaluate: words, names, numbers, how nodes fit together.

A definition holds fields only; the place that refers to it says the type. So a mapping that is
where a list belongs (`children: {name: …}`) is one error of type, and its fields are still looked
into in the same pass.

Integers. JSON Schema's are of any size, Go's int32 and int64 are not: 3000000000 replicas stop
every controller that decodes them. The API server refuses them where a CRD names the format
(measured with 1.36), but not below `children` and in pods, which ours leaves open. A bounded
`validator` finds them everywhere; which numbers make sense is for rules. 1.0 is an integer to JSON
Schema and may be one here: the API server writes it as 1 before a webhook, the store or a
controller sees it (measured likewise).

What may be validated: what JSON has. A key that is not a string, a date or bytes make jsonschema-rs
raise ValueError; documents read by `yamldoc` and by orjson have none. It recurses, and a document
some 20,000 levels deep ends the process: orjson refuses more than 1024, others must be held below.
"""

from webhook.graph.schema.document import (
    KUBERNETES_PREFIX,
    EnumName,
    enum_docs,
    enum_values,
    get_validator,
    kubernetes_minor,
    load_schema,
    raw_schema,
)
from webhook.graph.schema.lookup import (
    FieldInfo,
    allowed_types,
    field_locations,
    fields_with_fields,
    find_spelling,
    get_field_info,
    known_fields,
    seldon_definitions,
)
from webhook.graph.schema.version_skew import fields_newer_than, newer_field_words

__all__ = [
    "KUBERNETES_PREFIX",
    "EnumName",
    "FieldInfo",
    "allowed_types",
    "enum_docs",
    "enum_values",
    "field_locations",
    "fields_newer_than",
    "fields_with_fields",
    "find_spelling",
    "get_field_info",
    "get_validator",
    "known_fields",
    "kubernetes_minor",
    "load_schema",
    "newer_field_words",
    "raw_schema",
    "seldon_definitions",
]
