"""Tests of policies: what a PolicyTest object holds.

Here: the values. Not here: how they are written and read (`reader`), running (`runner`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from webhook.graph.admission_request import AdmissionRequest
from webhook.graph.cluster_facts import Facts
from webhook.policy.exceptions import PolicyException
from webhook.policy.model import RenderedMode


@dataclass(frozen=True, slots=True)
class ExpectedFinding:
    """One finding that a case expects; None: whatever it is.

    rule_id  "policy/NAME/N"
    """

    rule_id: str
    action: str = "deny"
    path: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test case of a policy; `__test__` keeps pytest from collecting it.

    expected_findings  the findings, all of them, in any order
    expected_failures  the rules that fail, all of them
    expected_object    the object after the mutating policies; None: not compared
    now                the time for exceptions; "": they are not applied
    params             the parameter objects; None: those of the folder
    exceptions         likewise
    rendered           what policies for pods and other rendered objects do: the setting
                       policies.rendered
    """

    __test__: ClassVar[bool] = False

    name: str
    line: int
    request: AdmissionRequest
    facts: Facts
    expected_findings: tuple[ExpectedFinding, ...] = ()
    expected_failures: tuple[str, ...] = ()
    expected_object: Any = None
    now: str = ""
    params: Mapping[tuple[str, str], tuple[Any, ...]] | None = None
    exceptions: tuple[PolicyException, ...] | None = None
    rendered: RenderedMode = "warn"


@dataclass(frozen=True, slots=True)
class TestSuite:
    """The cases of one file."""

    __test__: ClassVar[bool] = False

    file: str
    cases: tuple[TestCase, ...]
