"""The values a container runs with and where they come from."""

import pytest

from webhook.graph.path import Path
from webhook.podsecurity import Pod
from webhook.podsecurity.effective import UNSET_MEANINGS, EffectiveValue, get_effective_contexts

SPEC = {
    "securityContext": {
        "runAsUser": 1,
        "runAsGroup": 2,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "fsGroup": 3,
    },
    "initContainers": [{"name": "i"}],
    "containers": [
        {
            "name": "m",
            "securityContext": {
                "runAsUser": 0,
                "runAsGroup": None,
                "runAsNonRoot": False,
                "seccompProfile": {},
                "privileged": False,
            },
        }
    ],
}


def effective_values(index: int) -> dict[str, tuple[object, str]]:
    found = get_effective_contexts(Pod(SPEC))[index].values
    return {field: (value.value, value.origin) for field, value in found.items()}


def test_a_container_inherits_what_it_does_not_set() -> None:
    assert effective_values(0) == {
        **dict.fromkeys(UNSET_MEANINGS, (None, "none")),
        "runAsUser": (1, "pod"),
        "runAsGroup": (2, "pod"),
        "runAsNonRoot": (True, "pod"),
        "seccompProfile": ({"type": "RuntimeDefault"}, "pod"),
    }


def test_a_containers_own_value_wins_whole_and_null_is_none() -> None:
    assert effective_values(1) == {
        **dict.fromkeys(UNSET_MEANINGS, (None, "none")),
        "runAsUser": (0, "container"),
        "runAsGroup": (2, "pod"),
        "runAsNonRoot": (False, "container"),
        "seccompProfile": ({}, "container"),
        "privileged": (False, "container"),
    }


def test_a_value_knows_where_it_is_written() -> None:
    init, app = get_effective_contexts(Pod(SPEC))

    assert (init.container, init.kind, str(init.path)) == (
        "i",
        "initContainers",
        "spec.initContainers[0]",
    )
    assert init.values["runAsUser"].path == Path(("spec", "securityContext", "runAsUser"))
    assert str(app.values["runAsUser"].path) == "spec.containers[0].securityContext.runAsUser"
    assert init.values["procMount"] == EffectiveValue(
        None, "none", Path(("spec", "initContainers", 0, "securityContext", "procMount"))
    )


@pytest.mark.parametrize("field", UNSET_MEANINGS)
def test_six_fields_are_inherited_and_no_other(field: str) -> None:
    spec = {"securityContext": {field: "x"}, "containers": [{"name": "m"}]}
    inherited = field in {
        "runAsUser",
        "runAsGroup",
        "runAsNonRoot",
        "seLinuxOptions",
        "seccompProfile",
        "appArmorProfile",
    }

    assert get_effective_contexts(Pod(spec))[0].values[field].origin == (
        "pod" if inherited else "none"
    )


def test_fields_of_the_container_alone_are_not_inherited() -> None:
    spec = {"securityContext": {"privileged": True}, "containers": [{"name": "m"}]}

    assert get_effective_contexts(Pod(spec))[0].values["privileged"].origin == "none"


def test_every_field_says_what_holds_if_nobody_sets_it() -> None:
    assert UNSET_MEANINGS == {
        "runAsUser": "the image's user, root if it names none",
        "runAsGroup": "the image's group for that user, else 0",
        "runAsNonRoot": "root is not refused",
        "seccompProfile": "unconfined, unless the kubelet sets its default",
        "appArmorProfile": "the runtime's default",
        "seLinuxOptions": "chosen by the runtime",
        "capabilities": "the runtime's default set",
        "privileged": "no",
        "allowPrivilegeEscalation": "allowed",
        "readOnlyRootFilesystem": "writable",
        "procMount": "Default",
    }
