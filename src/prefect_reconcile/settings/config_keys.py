"""What a configuration may say: the models that check it, and that the schema for editors is made of."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from prefect_reconcile.kinds.deployment.models import FORBIDDEN, Ignoring
from prefect_reconcile.kinds.findings import shown, wrong
from prefect_reconcile.settings.address import fault

_TARGET_NAME = re.compile(r"[A-Za-z0-9_.-]+")
OWNER_NAME = re.compile(r"[A-Za-z0-9_.-]+")
"""What may name an owner: it becomes part of a tag."""
_VALUE_NAME = re.compile(r"[\w.-]+")


def _api_url(value: str) -> str:
    if found := fault(value):
        raise wrong(*found)
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise wrong("is empty", "write a value, or remove the key")
    return value


def _path(value: str) -> str:
    if "\0" in value:
        raise wrong("is not a path", "name a file or a folder")
    return _not_blank(value)


def _some(value: list[str]) -> list[str]:
    if not value:
        raise wrong("has no entry", "name a file or a folder, or remove the key")
    return value


def _part_of_name(value: str) -> str:
    if found := FORBIDDEN.search(value):
        what = f"the name of a deployment cannot hold {shown(found.group())}"
        raise wrong(what, "use letters, digits, spaces, - _ and .")
    return value


def _target_name(value: str) -> str:
    if not _TARGET_NAME.fullmatch(value):
        what = f"the name of a target cannot be {shown(value)}"
        raise wrong(what, "use the letters a-z and A-Z, digits, - _ and .")
    return value


def _owner(value: str) -> str:
    if not OWNER_NAME.fullmatch(value):
        raise wrong(f"an owner cannot be called {shown(value)}", "use letters, digits, - _ and .")
    return value


def _value_name(value: str) -> str:
    if not _VALUE_NAME.fullmatch(value):
        what = f"{shown(value)} cannot stand in a placeholder"
        raise wrong(what, "use letters, digits, - _ and .")
    return value


def _like(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


def _no_default(schema: dict[str, Any]) -> None:
    """For keys whose absence means more than any value that could be written."""
    del schema["default"]


_Url: TypeAlias = Annotated[str, AfterValidator(_api_url), _like("^https?://")]
_Text: TypeAlias = Annotated[str, AfterValidator(_not_blank)]
_FilePath: TypeAlias = Annotated[str, AfterValidator(_path)]
_PartOfName: TypeAlias = Annotated[
    str, AfterValidator(_part_of_name), _like(r"^[^/%&<>\u0000-\u001f\u007f]*$")
]
_TargetName: TypeAlias = Annotated[str, AfterValidator(_target_name), _like(f"^{_TARGET_NAME.pattern}$")]
_ValueName: TypeAlias = Annotated[str, AfterValidator(_value_name)]


_Owner: TypeAlias = Annotated[str, AfterValidator(_owner), _like(f"^{OWNER_NAME.pattern}$")]


class Target(BaseModel):
    """What a target may say. What is left out is told by `model_fields_set`, not by its default."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    api_url: _Url = Field(
        "",
        description="URL of the Prefect API, usually ending in /api. Credentials never stand here.",
        json_schema_extra=_no_default,
    )
    profile: _Text = Field(
        "",
        description="Prefect profile that the connection is taken from, instead of api_url.",
        json_schema_extra=_no_default,
    )
    overlays: list[_FilePath] = Field(
        [],
        description="Folders or files of overlay manifests, relative to the folder of this file. Those of a "
        "target are laid over those for all targets.",
    )
    owner: _Owner = Field(
        "",
        description="Whose the deployments are: each carries the mark of its owner, and only marked ones can "
        "be pruned.",
        json_schema_extra=_no_default,
    )
    name_prefix: _PartOfName = Field("", description="Put before the name of each deployment.")
    name_suffix: _PartOfName = Field("", description="Put behind the name of each deployment.")
    tags: list[_Text] = Field(
        [], description="Added to the tags of each deployment. Those of a target are added to those for all."
    )
    paused: bool = Field(
        False,
        description="Whether all deployments are paused. Left out: as each manifest says.",
        json_schema_extra=_no_default,
    )
    values: dict[_ValueName, JsonValue] = Field(
        {},
        description="Values of {{ $NAME }} in manifests; they keep their types. A target replaces those that "
        "it names.",
    )
    ignore: Ignoring = Field(
        [],
        description="What is left alone in every deployment where it is live: paths as plans show them, with "
        "* for any one key or entry. Added to what each manifest ignores; those of a target are added to "
        "those for all.",
        examples=[["parameters.debug", "job_variables.env.*"]],
    )
    secret_keys: list[_Text] = Field(
        [],
        description="Names of keys whose values are masked, beside those that are known to be secret, such "
        "as password. * stands for any characters; capitals do not matter. Those of a target are added to "
        "those for all.",
        examples=[["*_dsn", "licence"]],
    )
    secret_values: list[_ValueName] = Field(
        [],
        description="Names of {{ $NAME }} values or of variables of the environment that are secret: what "
        "they say is masked wherever it comes up. Those of a target are added to those for all.",
        examples=[["DB_PASSWORD"]],
    )
    defaults: dict[str, JsonValue] = Field(
        {},
        description="Laid under each deployment, with the keys of a native manifest. A target's are laid "
        "over those for all, table by table.",
    )


class Config(Target):
    """The configuration of reconcile. What stands outside of the targets counts for all of them."""

    paths: Annotated[list[_FilePath], AfterValidator(_some)] = Field(
        [],
        description="Manifests, or folders of them, that are read when no -f is given, relative to the "
        "folder of this file.",
        json_schema_extra=_no_default,
    )
    entrypoint_root: _FilePath = Field(
        "",
        description="The only folder that the entrypoints of deployments are looked for in, relative to the "
        "folder of this file.",
        json_schema_extra=_no_default,
    )
    default_target: _TargetName = Field(
        "",
        description="Target that is taken when neither --target nor RECONCILE_TARGET names one.",
        json_schema_extra=_no_default,
    )
    targets: dict[_TargetName, Target] = Field(
        {}, description="The Prefects that the manifests are for, by name, such as dev and prod."
    )
