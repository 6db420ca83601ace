"""Parameters and their schema: what is checked when, and what is rendered."""

from typing import Any

import pytest
from prefects import ANY_OBJECT, CRASH, FAR, Document, Prefect, per_version

SCHEMA: Document = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
TEXT: Document = {"type": "object", "properties": {"x": {"type": "string"}}}
NO_SCHEMA = {
    "detail": "Error updating deployment: Cannot update parameters because parameter schema enforcement is "
    "enabled and the deployment does not have a valid parameter schema."
}

# What a PATCH answers when the deployment has a null schema and the PATCH sends `{}` as its schema.
HEALED_BY_EMPTY = per_version(409, 204, 204, 204)
# What PATCH answers to a parameter of the kind `json` whose value is no text.
JSON_OF_A_NUMBER = per_version(400, 400, 204, 204)
# What any PATCH answers when the deployment was made without a schema.
PATCH_WITHOUT_SCHEMA = per_version(409, 204, 204, 204)
# Whether a reference to another document is left alone. Before, the server asks for it.
NOT_FETCHED = per_version(False, False, False, True)


# ---- POST


@pytest.mark.parametrize(("enforce", "status"), [({}, 201), ({"enforce_parameter_schema": True}, 422)])
def test_parameters_are_checked_on_create_only_when_asked(
    prefect: Prefect, enforce: Document, status: int
) -> None:
    """POST checks parameters only if `enforce_parameter_schema: true` is written out."""
    body = prefect.creation(parameter_openapi_schema=TEXT, parameters={"x": 1}, **enforce)
    assert prefect.status("POST", "/deployments/", body) == status


@pytest.mark.parametrize(("enforce", "status"), [({}, 201), ({"enforce_parameter_schema": True}, 422)])
def test_a_schema_is_checked_on_create_only_when_asked(
    prefect: Prefect, enforce: Document, status: int
) -> None:
    """POST takes a schema that is none, unless `enforce_parameter_schema: true` is written out."""
    body = prefect.creation(parameter_openapi_schema={"type": "nope"}, **enforce)
    assert prefect.status("POST", "/deployments/", body) == status


def test_required_parameters_may_be_left_out(prefect: Prefect) -> None:
    """A deployment need not give required parameters, and may give unknown ones, on POST and PATCH."""
    live = prefect.deployment(parameter_openapi_schema=SCHEMA, enforce_parameter_schema=True)
    assert prefect.patched(live, {"parameters": {"y": 1}})["parameters"] == {"y": 1}


# ---- PATCH


def test_parameters_are_checked_on_update(prefect: Prefect) -> None:
    """PATCH with parameters that violate the schema is 409."""
    live = prefect.deployment(parameter_openapi_schema=SCHEMA)
    status, answer = prefect.patch(live, {"parameters": {"x": "no"}})
    detail = "Error updating deployment: Validation failed for field 'x'. Failure reason: "
    assert (status, str(answer["detail"]).startswith(detail)) == (409, True)


def test_stored_parameters_are_checked_at_every_patch(prefect: Prefect) -> None:
    """A deployment made with bad parameters answers 409 to every PATCH, an empty one included."""
    live = prefect.deployment(parameter_openapi_schema=TEXT, parameters={"x": 1})
    assert prefect.patch(live, {})[0] == 409
    assert prefect.patch(live, {"description": "new"})[0] == 409
    assert prefect.patched(live, {"parameters": {"x": "yes"}})["parameters"] == {"x": "yes"}


def test_a_new_schema_is_checked_against_the_stored_parameters(prefect: Prefect) -> None:
    """A PATCH of the schema alone is 409 when the stored parameters violate it; both at once are taken."""
    live = prefect.deployment(parameter_openapi_schema=SCHEMA, parameters={"x": 1})
    assert prefect.patch(live, {"parameter_openapi_schema": TEXT})[0] == 409
    both: Document = {"parameter_openapi_schema": TEXT, "parameters": {"x": "yes"}}
    assert prefect.patched(live, both)["parameters"] == {"x": "yes"}


def test_nothing_is_checked_without_enforcement(prefect: Prefect) -> None:
    """`enforce_parameter_schema: false` switches the check off, in the PATCH that sends it already."""
    live = prefect.deployment(parameter_openapi_schema=SCHEMA)
    sent: Document = {"parameters": {"x": "no"}, "enforce_parameter_schema": False}
    assert prefect.patched(live, sent)["parameters"] == {"x": "no"}


def test_an_optional_parameter_may_be_null_on_update(prefect: Prefect) -> None:
    """PATCH lets an optional property without a default be null; an enforced POST does not."""
    optional: Document = {"type": "object", "properties": {"x": {"type": "integer"}}}
    live = prefect.deployment(parameter_openapi_schema=optional)
    null: Document = {"parameters": {"x": None}}
    enforced = prefect.creation(parameter_openapi_schema=optional, enforce_parameter_schema=True, **null)
    assert prefect.patch(live, null)[0] == 204
    assert prefect.status("POST", "/deployments/", enforced) == 422


def test_references_of_a_schema_are_followed(prefect: Prefect) -> None:
    """`#/definitions/…` in a schema is followed when parameters are checked."""
    schema: Document = {
        "type": "object",
        "properties": {"p": {"allOf": [{"$ref": "#/definitions/P"}]}},
        "definitions": {"P": {"type": "object", "properties": {"x": {"type": "integer", "default": 1}}}},
    }
    live = prefect.deployment(parameter_openapi_schema=schema)
    answers = [prefect.patch(live, {"parameters": {"p": {"x": value}}})[0] for value in ("no", 2)]
    assert answers == [409, 204]


def test_a_schema_that_is_none_crashes_the_server(prefect: Prefect) -> None:
    """With a schema that is no JSON Schema every PATCH is 500."""
    live = prefect.deployment(parameter_openapi_schema={"type": "nope"})
    assert prefect.patch(live, {}) == (500, {"exception_message": "Internal Server Error"})


# Schemas of the parameter x, a value, what an enforced POST answers to both, and what PATCH to the value.
ODD: list[tuple[Document, Any, int, int]] = [
    ({"type": "integer", "default": 1}, None, 422, 409),
    ({"type": "integer"}, 1.0, 201, 204),
    ({"type": "integer"}, True, 422, 409),
    ({"type": "string", "format": "date"}, "no date", 201, 204),
    ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, 422, 409),
    ({"type": "object", "required": ["a"]}, {}, 201, 204),
    ({"anyOf": [{"required": ["a"]}, {"type": "null"}]}, {}, 422, 409),
    ({"items": [{"type": "integer"}]}, ["x"], 422, 409),
    ({"items": [{"type": "integer"}]}, [1, "x"], 422, 204),
]


@pytest.mark.parametrize(("schema", "value", "created", "changed"), ODD, ids=str)
def test_values_that_could_be_taken_otherwise(
    prefect: Prefect, schema: Document, value: Any, created: int, changed: int
) -> None:
    """No format is checked, `required` counts only in a list, and PATCH alone reads `items` as positions."""
    fields: Document = {"parameter_openapi_schema": {"properties": {"x": schema}}}
    enforced = prefect.creation(**fields, parameters={"x": value}, enforce_parameter_schema=True)
    assert prefect.status("POST", "/deployments/", enforced) == created
    assert prefect.patch(prefect.deployment(**fields), {"parameters": {"x": value}})[0] == changed


def test_a_parameter_may_be_named_required(prefect: Prefect) -> None:
    """What a schema says of a parameter of the name `required` is lost with what is required."""
    live = prefect.deployment(parameter_openapi_schema={"properties": {"required": {"type": "integer"}}})
    assert prefect.patch(live, {"parameters": {"required": "x"}})[0] == 204


@pytest.mark.parametrize("reference", ["http://127.0.0.1:9/schema", "#/definitions/missing"])
def test_a_reference_that_leads_nowhere(prefect: Prefect, reference: str) -> None:
    """PATCH is 409 once the parameter that has it is given, and nothing is fetched."""
    if not NOT_FETCHED[prefect.version]:
        pytest.skip("this version asks for other documents")
    live = prefect.deployment(parameter_openapi_schema={"properties": {"x": {"$ref": reference}}})
    assert [prefect.patch(live, {"parameters": {key: 1}})[0] for key in ("x", "y")] == [409, 204]


def test_a_reference_to_itself(prefect: Prefect) -> None:
    """PATCH is 422."""
    live = prefect.deployment(parameter_openapi_schema={"allOf": [{"$ref": "#"}]})
    assert prefect.patch(live, {})[0] == 422


@pytest.mark.parametrize("properties", [{"x": True}, []], ids=str)
def test_properties_that_crash_the_server(prefect: Prefect, properties: Any) -> None:
    """Any PATCH is 500 where a property is no mapping, though true is a JSON Schema, or all are a list."""
    live = prefect.deployment(parameter_openapi_schema={"properties": properties})
    assert prefect.patch(live, {}) == CRASH


# ---- a null schema


def test_a_schema_can_be_cleared_once_and_then_nothing_changed(prefect: Prefect) -> None:
    """PATCH `parameter_openapi_schema: null` is 204, and from then on any PATCH is 409, the same one too."""
    live = prefect.deployment(parameter_openapi_schema=SCHEMA)
    null: Document = {"parameter_openapi_schema": None}
    assert prefect.patched(live, null)["parameter_openapi_schema"] is None
    assert [prefect.patch(live, body) for body in ({}, {"description": "d"}, null)] == [(409, NO_SCHEMA)] * 3


@pytest.mark.parametrize(
    "healing", [{"parameter_openapi_schema": ANY_OBJECT}, {"enforce_parameter_schema": False}]
)
def test_a_null_schema_is_healed(prefect: Prefect, healing: Document) -> None:
    """A PATCH that brings a schema along, or stops the enforcement, is taken."""
    live = prefect.deployment(parameter_openapi_schema=None)
    after = prefect.patched(live, {**healing, "description": "new"})
    assert {**healing, "description": "new"}.items() <= after.items()


def test_an_empty_schema_heals_since_3_4(prefect: Prefect) -> None:
    """A PATCH that brings the schema `{}` along is taken since 3.4, which fills it; 3.2.15 answers 409."""
    live = prefect.deployment(parameter_openapi_schema=None)
    assert prefect.patch(live, {"parameter_openapi_schema": {}})[0] == HEALED_BY_EMPTY[prefect.version]


def test_a_deployment_made_without_a_schema(prefect: Prefect) -> None:
    """On 3.2.15 a deployment made without a schema has null, so that every PATCH is 409; later, {}."""
    body = {key: value for key, value in prefect.creation().items() if key != "parameter_openapi_schema"}
    live = prefect.made("/deployments/", body)
    assert prefect.patch(live, {})[0] == PATCH_WITHOUT_SCHEMA[prefect.version]


# ---- parameters that are rendered

# What is sent as a parameter, and what PATCH stores, in an object and in a list.
RENDERED: list[tuple[Document, Document, list[Any]]] = [
    ({"__prefect_kind": "jinja", "template": "{{ 1 + 1 }}"}, {"p": "2"}, ["2"]),
    ({"__prefect_kind": "json", "value": '{"a": 1}'}, {"p": {"a": 1}}, [{"a": 1}]),
    ({"__prefect_kind": "json"}, {}, []),
    ({"__prefect_kind": "none", "value": 5}, {"p": 5}, [5]),
    ({"__prefect_kind": "workspace_variable"}, {}, []),
    ({"__prefect_kind": "other", "value": 7}, {"p": 7}, [7]),
    ({"__prefect_kind": "other"}, {"p": None}, [None]),
    ({"__prefect_kind": None, "value": 3}, {"p": 3}, [3]),
]
UNRENDERABLE: list[Document] = [
    {"__prefect_kind": "json", "value": "{"},
    {"__prefect_kind": "jinja"},
    {"__prefect_kind": "jinja", "template": "{{"},
    {"__prefect_kind": "none"},
    {"__prefect_kind": "workspace_variable", "variable_name": "no_such_variable"},
]


def test_a_patch_renders_parameters(prefect: Prefect) -> None:
    """PATCH stores what `__prefect_kind` objects render to, and loses those without a value."""
    live = prefect.deployment()
    found = [
        prefect.patched(live, {"parameters": {"p": sent, "l": [sent]}})["parameters"]
        for sent, _, _ in RENDERED
    ]
    assert found == [{**alone, "l": listed} for _, alone, listed in RENDERED]


def test_json_of_a_number(prefect: Prefect) -> None:
    """PATCH takes the value of a `json` object that is no text as it is since 3.6; before, 400."""
    sent: Document = {"__prefect_kind": "json", "value": 5}
    live = prefect.deployment()
    status = JSON_OF_A_NUMBER[prefect.version]
    assert prefect.patch(live, {"parameters": {"p": sent}})[0] == status
    assert prefect.read(live)["parameters"] == ({"p": 5} if status == 204 else {})


def test_a_patch_renders_variables(prefect: Prefect) -> None:
    """PATCH stores the value that a Prefect variable has now."""
    sent: Document = {"__prefect_kind": "workspace_variable", "variable_name": prefect.variable("secret")}
    live = prefect.patched(prefect.deployment(), {"parameters": {"p": sent}})
    assert live["parameters"] == {"p": "secret"}


@pytest.mark.parametrize("sent", UNRENDERABLE, ids=str)
def test_what_cannot_be_rendered_is_400(prefect: Prefect, sent: Document) -> None:
    """PATCH with a `__prefect_kind` object that cannot be rendered is 400."""
    assert prefect.patch(prefect.deployment(), {"parameters": {"p": sent}})[0] == 400


def test_a_post_stores_parameters_as_sent(prefect: Prefect) -> None:
    """POST stores `__prefect_kind` objects as sent, and a PATCH of other fields leaves them."""
    parameters: Document = {"p": {"__prefect_kind": "json", "value": "1"}}
    live = prefect.deployment(parameters=parameters)
    assert live["parameters"] == parameters
    assert prefect.patched(live, {"description": "new"})["parameters"] == parameters


def test_a_schedules_parameters_are_never_rendered_nor_checked(prefect: Prefect) -> None:
    """POST and PATCH of schedules, one by one or with the deployment, store any parameters as sent."""
    sent: Document = {"x": "no", "p": {"__prefect_kind": "json", "value": "1"}}
    schedule: Document = {"schedule": FAR, "parameters": sent, "slug": "a"}
    live = prefect.deployment(schedules=[schedule], parameter_openapi_schema=SCHEMA)
    place = f"/deployments/{live['id']}/schedules"
    (made,) = prefect.done("POST", place, [{**schedule, "slug": "b"}])
    prefect.done("PATCH", f"{place}/{made['id']}", {"parameters": sent})
    after = prefect.patched(live, {"schedules": [schedule]})
    assert [row["parameters"] for row in after["schedules"]] == [sent, sent]
