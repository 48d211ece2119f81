"""The rows on containers: words, ports, probes, restarts, environment."""

from collections.abc import Iterable
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.k8s_syntax import (
    MAX_PORT_NAME_LENGTH,
    is_http_header_name,
    is_port_name,
)
from webhook.graph.model import PROBES, iter_mappings
from webhook.rules.constraints.checks import (
    ConstraintRule,
    Location,
    at_most,
    in_range,
    is_set,
    matches,
    one_of,
    required,
    row,
    rows,
    unique,
)
from webhook.rules.constraints.formats import Format, explain_characters

_MAX_PORT = 65535
_HANDLERS = {"probe": ("httpGet", "tcpSocket", "grpc"), "hook": ("httpGet", "tcpSocket")}
"""What calls a port, by subject."""
_MAX_RESTART_RULES, _MAX_EXIT_CODES, _MAX_EXIT_CODE = 20, 255, 255
_HEADER_NAME = Format(
    "HTTP header name", is_http_header_name, explain_characters("-A-Za-z0-9", 10**6)
)


def _explain_port_name(name: str) -> str:
    if "--" in name:
        return 'two "-" in a row are not allowed'
    if name and len(name) <= MAX_PORT_NAME_LENGTH and name.isascii() and name.isdecimal():
        return "at least one letter is required"
    return explain_characters("-a-z0-9", MAX_PORT_NAME_LENGTH)(name)


_PORT_NAME = Format("port name", is_port_name, _explain_port_name)


def _check_port_reference(value: Any, location: Location) -> Iterable[Finding]:
    """Check the name of a port in a probe or hook; a number in quotes is read as one."""
    if type(value) is not str or is_port_name(value):
        return ()
    if value.isascii() and value.isdecimal() and 0 < int(value[:6]) <= _MAX_PORT:
        fix: Operation = {"op": "replace", "path": location.at().pointer, "value": int(value)}
        message = f'"{value}" in quotes is read as the name of a port'
        remediation = f"use {int(value)} without quotes"
        return (Finding(location.at(), message, remediation, (fix,), fix_safety="safe"),)
    return matches(_PORT_NAME)(value, location)


def _check_port_missing(value: Any, location: Location) -> Iterable[Finding]:
    # Required by the schema, where null counts as there; the API server reads it as 0.
    if type(value) is not dict or "port" not in value or value["port"] is not None:
        return ()
    return (Finding(location.at("port"), "port is required", "add port"),)


def _check_success_threshold(value: Any, location: Location) -> Iterable[Finding]:
    if location.holder_segment == "readinessProbe" or type(value) is not int or value <= 1:
        return ()
    message = f"successThreshold of a {location.holder_segment} must be 1, got {value}"
    return (Finding(location.at(), message, "remove it"),)


def _check_grace_period(value: Any, location: Location) -> Iterable[Finding]:
    if location.holder_segment == "readinessProbe":
        message = "readinessProbe does not support terminationGracePeriodSeconds"
        return (Finding(location.at(), message, "remove it"),)
    return in_range(1)(value, location)


def _check_in_init_container(value: Any, location: Location) -> Iterable[Finding]:
    """Check what only containers that stay have (source: validateInitContainers)."""
    if location.segment == "lifecycle" and type(value) is dict and value.keys() == {"stopSignal"}:
        return ()  # a stop signal alone is taken, and dropped unless a feature gate is on
    if location.segment != "resizePolicy":
        message = f"{location.segment} is not allowed in an init container that runs once"
        remediation = "remove it, or set restartPolicy to Always"
        return (Finding(location.at(), message, remediation),)
    message = "RestartContainer is not allowed in an init container that runs once"
    return [
        Finding(location.at(index, "restartPolicy"), message, "use NotRequired")
        for index, policy in iter_mappings({"": value}, "")
        if policy.get("restartPolicy") == "RestartContainer"
    ]


def _check_restart_rules(value: Any, location: Location) -> Iterable[Finding]:
    if not is_set(value) or location.holder.get("restartPolicy") is not None:
        return ()
    message = "restartPolicy is required with restartPolicyRules"
    return (Finding(location.beside("restartPolicy"), message, "add restartPolicy"),)


RULES = (
    ConstraintRule(
        "port-out-of-range",
        """Port out of range

    Why: ports are numbers from 1 to 65535. The API server refuses a Deployment with any other.

    Fix: Use the port on which the container listens.

    Bad:
        ports:
        - containerPort: 0

    Good:
        ports:
        - containerPort: 9000
    """,
        (
            row("container", "ports[].containerPort", in_range(1, _MAX_PORT)),
            row("container", "ports[].hostPort", in_range(0, _MAX_PORT)),
            *(
                each
                for subject, handlers in _HANDLERS.items()
                for handler in handlers
                for each in (
                    row(subject, handler, _check_port_missing),
                    row(subject, f"{handler}.port", in_range(1, _MAX_PORT)),
                )
            ),
            # 0 is read as absent; of an explainer nothing else is.
            row("explainer", "endpoint.service_port", in_range(0, _MAX_PORT)),
        ),
    ),
    ConstraintRule(
        "malformed-port-name",
        """Invalid port name

    Why: names of ports are IANA service names: at most 15 lower-case letters, digits and "-",
    with a letter among them, no "-" at an end and no two in a row. A probe that means a port by
    number must not put the number into quotes: it would be such a name. The API server refuses
    the Deployment.

    Fix: Use at most 15 lower-case letters, digits and "-". Write the
    port of a probe as a number, or as the name of a port of the container.

    Bad:
        ports:
        - name: prometheus_metrics
          containerPort: 6000
        livenessProbe:
          tcpSocket:
            port: "9000"

    Good:
        ports:
        - name: metrics
          containerPort: 6000
        livenessProbe:
          tcpSocket:
            port: 9000
    """,
        (
            row("container", "ports[].name", matches(_PORT_NAME, optional=True)),
            *rows("probe", ("httpGet.port", "tcpSocket.port"), _check_port_reference),
            *rows("hook", ("httpGet.port", "tcpSocket.port"), _check_port_reference),
        ),
    ),
    ConstraintRule(
        "malformed-header-name",
        """Invalid HTTP header name in a probe

    Why: the names of headers are letters, digits and "-". The API server refuses a Deployment
    with a probe that sends any other.

    Fix: Use only letters, digits and "-".

    Bad:
        readinessProbe:
          httpGet:
            port: 9000
            httpHeaders:
            - name: X_Token
              value: probe

    Good:
        readinessProbe:
          httpGet:
            port: 9000
            httpHeaders:
            - name: X-Token
              value: probe
    """,
        (
            row("probe", "httpGet.httpHeaders[].name", matches(_HEADER_NAME)),
            row("hook", "httpGet.httpHeaders[].name", matches(_HEADER_NAME)),
        ),
    ),
    ConstraintRule(
        "probe-value-out-of-range",
        """Probe value out of range

    Why: the API server refuses a Deployment in which a probe counts or waits below zero, in which
    a liveness or startup probe must succeed more than once, or in which a readiness probe sets a
    grace period, although it ends nothing.

    Fix: Remove it, or use an allowed value.

    Bad:
        livenessProbe:
          tcpSocket:
            port: 9000
          successThreshold: 3

    Good:
        livenessProbe:
          tcpSocket:
            port: 9000
          failureThreshold: 3
    """,
        (
            *rows(
                "probe",
                (
                    *("initialDelaySeconds", "timeoutSeconds", "periodSeconds"),
                    *("successThreshold", "failureThreshold"),
                ),
                in_range(0),
            ),
            row("probe", "successThreshold", _check_success_threshold),
            row("probe", "terminationGracePeriodSeconds", _check_grace_period),
        ),
    ),
    ConstraintRule(
        "init-container-probe",
        """Probe, hook or restart in an init container

    Why: an init container runs once and ends before the others start. Probes, lifecycle hooks and
    restarts on a resize are for containers that stay, and the API server refuses the Deployment.

    Fix: Remove it. Or let the init container stay beside the others, with restartPolicy Always.

    Bad:
        initContainers:
        - name: fetch
          image: registry.example/fetch:1
          readinessProbe:
            tcpSocket:
              port: 8080

    Good:
        initContainers:
        - name: fetch
          image: registry.example/fetch:1
    """,
        (
            *rows(
                "init container", (*PROBES, "lifecycle", "resizePolicy"), _check_in_init_container
            ),
        ),
    ),
    ConstraintRule(
        "duplicate-resize-policy",
        """Duplicate resizePolicy for a resource

    Why: a resizePolicy says once for each resource whether a container restarts when it is
    resized. The API server refuses a Deployment with two policies.

    Fix: Keep one policy for each resource.

    Bad:
        resizePolicy:
        - resourceName: cpu
          restartPolicy: NotRequired
        - resourceName: cpu
          restartPolicy: RestartContainer

    Good:
        resizePolicy:
        - resourceName: cpu
          restartPolicy: NotRequired
        - resourceName: memory
          restartPolicy: RestartContainer
    """,
        (row("container", "resizePolicy", unique("resourceName", what="resizePolicy for")),),
    ),
    ConstraintRule(
        "ineffective-restart-rule",
        """Incomplete restart rule

    Why: restartPolicyRules say for which exit codes a container is started again, and
    restartPolicy what happens for all others. The API server refuses rules without a
    restartPolicy beside them, more than 20 of them, or one without the exit codes that it is
    about.

    Fix: Set restartPolicy, and the action, operator and values of each rule.

    Bad:
        containers:
        - name: classifier
          restartPolicyRules:
          - action: Restart
            exitCodes:
              operator: In
              values: [42]

    Good:
        containers:
        - name: classifier
          restartPolicy: Never
          restartPolicyRules:
          - action: Restart
            exitCodes:
              operator: In
              values: [42]
    """,
        (
            row(
                "container",
                "restartPolicyRules",
                _check_restart_rules,
                at_most(_MAX_RESTART_RULES, "rules"),
            ),
            row("container", "restartPolicyRules[]", required("exitCodes")),
            row(
                "container",
                "restartPolicyRules[].action",
                one_of("Restart", "RestartAllContainers", what="restart action"),
            ),
            row(
                "container",
                "restartPolicyRules[].exitCodes.operator",
                one_of("In", "NotIn", what="exit code operator"),
            ),
            row(
                "container",
                "restartPolicyRules[].exitCodes.values",
                at_most(_MAX_EXIT_CODES, "exit codes"),
                unique(what="exit code"),
            ),
        ),
    ),
)
