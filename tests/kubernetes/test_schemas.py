"""Every object is one that an API server takes, as far as schemas can tell.

Kinds of operators are not in Kubernetes' schemas. `schemas` has one for each, of no more than what
is used here, written after the operators' documents; a field that is not in it is a mistake or an
addition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jsonschema
import kubernetes_validate
import pytest
import yaml
from tests.conftest import ROOT
from tests.kubernetes.rendering import OVERLAYS, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.kubernetes.rendering import Object

VERSIONS: Final = tuple(f"1.{minor}" for minor in range(30, 38))
OF_OPERATORS: Final[Mapping[str, str]] = {
    "Certificate": "cert-manager.io/v1",
    "Issuer": "cert-manager.io/v1",
    "Cluster": "postgresql.cnpg.io/v1",
    "ScheduledBackup": "postgresql.cnpg.io/v1",
    "ExternalSecret": "external-secrets.io/v1",
    "PodMonitor": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
    "ScaledObject": "keda.sh/v1alpha1",
    "ValkeyCluster": "valkey.io/v1alpha1",
}
SCHEMAS: Final = ROOT / "tests" / "kubernetes" / "schemas"


def closed(schema: Any) -> Any:
    """The schema, but no object has a property that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        return {"type": "object", "additionalProperties": False, **found}
    return found


def schema_of(kind: str) -> dict[str, Any]:
    schema = closed(yaml.safe_load((SCHEMAS / f"{kind}.yaml").read_text("utf-8")))
    schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
    schema["properties"] |= {
        "apiVersion": {"const": OF_OPERATORS[kind]},
        "kind": {"const": kind},
        "metadata": {"type": "object", "required": ["name"]},
    }
    found: dict[str, Any] = schema
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_what_is_its_own(
    version: str, overlay: str, rendered: dict[str, list[Object]]
) -> None:
    for one in rendered[overlay]:
        if one["kind"] not in OF_OPERATORS:
            kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_operators_take_what_is_theirs(overlay: str, rendered: dict[str, list[Object]]) -> None:
    for one in rendered[overlay]:
        if one["kind"] in OF_OPERATORS:
            jsonschema.validate(one, schema_of(one["kind"]))


@pytest.mark.parametrize("kind", OF_OPERATORS)
def test_a_field_that_is_misspelt_is_found(kind: str, rendered: dict[str, list[Object]]) -> None:
    one = next(one for some in rendered.values() for one in some if one["kind"] == kind)
    with pytest.raises(jsonschema.ValidationError, match="misspelt"):
        jsonschema.validate({**one, "spec": one["spec"] | {"misspelt": 1}}, schema_of(kind))


def test_only_production_needs_operators(rendered: dict[str, list[Object]]) -> None:
    used = {name: {one["kind"] for one in some} for name, some in rendered.items()}
    assert used["local"] & set(OF_OPERATORS) == set()
    assert used["production"] | used["data"] >= set(OF_OPERATORS)
    assert {path.stem for path in SCHEMAS.iterdir()} == set(OF_OPERATORS)


def test_nothing_of_ours_keeps_data(rendered: dict[str, list[Object]]) -> None:
    kept = [
        name_of(one)
        for some in rendered.values()
        for one in some
        if one["kind"] in {"StatefulSet", "PersistentVolumeClaim"}
    ]
    assert kept == []
