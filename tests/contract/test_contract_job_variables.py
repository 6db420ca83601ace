"""Job variables against the template of their work pool: what is checked when, and what is let through."""

import pytest
from prefects import Document, Prefect, per_version, unique

VARIABLES: Document = {
    "type": "object",
    "properties": {
        "image": {"type": "string"},
        "cpu": {"type": "integer", "default": 1},
        "memory": {"type": "integer"},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "id": {"type": "string", "format": "uuid"},
        "limits": {
            "type": "object",
            "properties": {"gpu": {"type": "integer"}},
            "required": ["gpu"],
            "additionalProperties": False,
        },
        "volume": {"anyOf": [{"type": "object", "required": ["path"]}, {"type": "null"}]},
    },
    "required": ["image"],
}

# Job variables, what POST answers to them, and what PATCH that moves a deployment to the pool.
SENT: list[tuple[Document, int, int]] = [
    ({"memory": 3}, 201, 204),
    ({"memory": "3"}, 422, 409),
    ({"memory": 3.0}, 201, 204),
    ({"memory": True}, 422, 409),
    ({"memory": None}, 201, 204),
    ({"cpu": None}, 201, 409),
    ({"image": None}, 422, 409),
    ({"unknown": [1]}, 201, 204),
    ({"env": {"A": 1}}, 422, 409),
    ({"env.A": 1}, 201, 204),
    ({"id": "no uuid"}, 201, 409),
    ({"limits": {}}, 201, 204),
    ({"limits": {"cpu": 1}}, 422, 409),
    ({"volume": {}}, 422, 409),
    ({"memory": "{{ prefect.variables.memory }}"}, 422, 409),
    ({"memory": "{{ prefect.blocks.secret.memory }}"}, 422, 409),
    ({"memory": "{{ $MEMORY }}"}, 422, 409),
    ({"image": "{{ prefect.variables.image }}"}, 201, 204),
]

NOT_FETCHED = per_version(False, False, False, True)
"""Whether a reference to another document is left alone. Before, the server asks for it."""


def pool_of(prefect: Prefect, variables: Document) -> str:
    """The name of a new work pool with these variables."""
    return prefect.pool(base_job_template={"variables": variables, "job_configuration": {"x": 1}})


@pytest.mark.parametrize(("sent", "created", "moved"), SENT, ids=str)
def test_job_variables_are_checked(prefect: Prefect, sent: Document, created: int, moved: int) -> None:
    """A wrong type is refused, and a placeholder is but text; what is missing or unknown passes, as does null
    for what is optional, on PATCH only where there is no default. PATCH checks formats too."""
    pool = pool_of(prefect, VARIABLES)
    fields: Document = {"work_pool_name": pool, "job_variables": sent}
    assert prefect.status("POST", "/deployments/", prefect.creation(**fields)) == created
    assert prefect.patch(prefect.deployment(), fields)[0] == moved


def test_a_patch_without_pool_checks_no_job_variables(prefect: Prefect) -> None:
    """PATCH of job variables alone is taken, as is one of the pool alone over those that it refuses."""
    pool = pool_of(prefect, VARIABLES)
    wrong: Document = {"memory": "a lot"}
    live = prefect.deployment(work_pool_name=pool)
    assert prefect.patched(live, {"job_variables": wrong})["job_variables"] == wrong
    assert prefect.patch(live, {"work_pool_name": pool})[0] == 204
    assert prefect.patch(prefect.deployment(job_variables=wrong), {"work_pool_name": pool})[0] == 204


def test_no_run_is_made_with_job_variables_that_are_refused(prefect: Prefect) -> None:
    """`create_flow_run` checks the deployment's job variables as POST does, and what is missing too."""
    pool = pool_of(prefect, {key: one for key, one in VARIABLES.items() if key != "required"})
    live = prefect.deployment(work_pool_name=pool)
    statuses = []
    for job_variables in ({"memory": "a lot"}, {"memory": 3, "cpu": None}, {"limits": {}}):
        prefect.done("PATCH", f"/deployments/{live['id']}", {"job_variables": job_variables})
        statuses.append(prefect.status("POST", f"/deployments/{live['id']}/create_flow_run", {}))
    assert statuses == [422, 201, 422]


def test_a_pool_without_template_takes_any_job_variables(prefect: Prefect) -> None:
    """Without `base_job_template` nothing is checked."""
    fields: Document = {"work_pool_name": prefect.pool(), "job_variables": {"memory": [None]}}
    assert prefect.status("POST", "/deployments/", prefect.creation(**fields)) == 201
    assert prefect.patch(prefect.deployment(), fields)[0] == 204


def test_the_defaults_of_a_pool_count(prefect: Prefect) -> None:
    """POST checks job variables with the pool's defaults beside them."""
    pair: Document = {
        "properties": {"a": {"default": 1}, "b": {}},
        "dependentSchemas": {"b": {"properties": {"a": {"type": "string"}}}},
    }
    pool = pool_of(prefect, pair)
    sent: list[Document] = [{"b": 1}, {"b": 1, "a": "x"}]
    bodies = [prefect.creation(work_pool_name=pool, job_variables=one) for one in sent]
    assert [prefect.status("POST", "/deployments/", body) for body in bodies] == [422, 201]


@pytest.mark.parametrize("reference", ["http://127.0.0.1:9/schema", "#/definitions/missing"])
def test_a_reference_of_a_pool_that_leads_nowhere(prefect: Prefect, reference: str) -> None:
    """POST of the variable that has it is 422, and nothing is fetched; other variables are taken."""
    if not NOT_FETCHED[prefect.version]:
        pytest.skip("this version asks for other documents")
    pool = pool_of(prefect, {"properties": {"a": {"$ref": reference}}})
    bodies = [prefect.creation(work_pool_name=pool, job_variables={key: 1}) for key in ("a", "b")]
    assert [prefect.status("POST", "/deployments/", body) for body in bodies] == [422, 201]


@pytest.mark.parametrize("variable", [{"$ref": "#/definitions/missing"}, {"type": "string"}], ids=str)
def test_no_pool_is_made_with_a_wrong_default(prefect: Prefect, variable: Document) -> None:
    """POST of a work pool checks its defaults, references included."""
    if "$ref" in variable and not NOT_FETCHED[prefect.version]:
        pytest.skip("this version crashes")
    template: Document = {
        "variables": {"properties": {"a": {**variable, "default": 1}}},
        "job_configuration": {"x": 1},
    }
    body: Document = {"name": unique("pool"), "type": "process", "base_job_template": template}
    assert prefect.status("POST", "/work_pools/", body) == 422


def test_a_reference_of_a_pool_to_itself(prefect: Prefect) -> None:
    """POST and PATCH of the variable that has it are 500."""
    pool = pool_of(
        prefect,
        {"properties": {"a": {"$ref": "#/definitions/A"}}, "definitions": {"A": {"$ref": "#/definitions/A"}}},
    )
    fields: Document = {"work_pool_name": pool, "job_variables": {"a": 1}}
    assert prefect.status("POST", "/deployments/", prefect.creation(**fields)) == 500
    assert prefect.patch(prefect.deployment(), fields)[0] == 500


@pytest.mark.parametrize("variables", [{"type": "nope"}, {"properties": {"a": {"type": "nope"}}}], ids=str)
def test_no_pool_is_made_with_variables_that_are_no_schema(prefect: Prefect, variables: Document) -> None:
    """POST of a work pool whose variables are no JSON Schema is 422."""
    template: Document = {"variables": variables, "job_configuration": {"x": 1}}
    body: Document = {"name": unique("pool"), "type": "process", "base_job_template": template}
    assert prefect.status("POST", "/work_pools/", body) == 422
