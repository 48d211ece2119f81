"""What Seldon Core v1.17.1's unmodified code built, recorded, beside what is rendered here."""

from tools.generators.rendering_differences import CLASSES, classify
from tools.rendering_comparison import REPLACED, compare, compare_routes, recorded
from webhook.rendering.routes.options import RoutingOptions


def test_the_objects_of_seldon_s_operator_are_rendered_as_it_makes_them():
    assert len(recorded()) == 42
    assert list(compare("seldon")) == []


def test_what_seldon_s_operator_replaces_is_rendered_as_it_makes_it():
    assert len(recorded(REPLACED)) == 32
    assert list(compare("seldon", REPLACED)) == []
    istio = RoutingOptions(kind="istio", gateway="istio-system/seldon-gateway")
    assert list(compare_routes("seldon", istio, REPLACED)) == []


def test_every_difference_of_our_own_objects_has_a_reason_on_its_page():
    assert [d for d in compare("graphgate") if not classify(d)] == []


def test_no_class_of_differences_is_left_over():
    found = {classify(difference) for difference in compare("graphgate")}
    assert found == {name for name, _, _ in CLASSES}
