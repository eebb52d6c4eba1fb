"""What the manifests tell the services is what these read; production starts with it."""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.kubernetes.rendering import PASSWORD, environment_of, of_kind, pods_in

from api_service.settings import ApiSettings
from shared.runtime.redis_url import Layout, parse_redis_url
from shared.runtime.secret_files import SUFFIX, is_secret
from shared.runtime.settings import PREFIX, CommonSettings, Environment
from worker.settings import WorkerSettings
from ws_service.settings import WsSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.kubernetes.rendering import Object

SETTINGS: Final[Mapping[str, type[CommonSettings]]] = {
    "api-service": ApiSettings,
    "ws-service": WsSettings,
    "worker": WorkerSettings,
    "migrate": CommonSettings,
}
FOLDER: Final = "/run/secrets/adda"
OVERLAYS: Final = ("local", "production")


def variables_of(settings: type[CommonSettings]) -> set[str]:
    names = {f"{PREFIX}{name}".upper(): field for name, field in settings.model_fields.items()}
    return set(names) | {name + SUFFIX for name, field in names.items() if is_secret(field)}


def secret_files(objects: list[Object], service: str) -> dict[str, str]:
    """What the folder of secrets of a service holds, whoever makes the Secret."""
    pod = pods_in(objects)[service]
    [mount] = [one for one in pod.container["volumeMounts"] if one["mountPath"] == FOLDER]
    [volume] = [one for one in pod.spec["volumes"] if one["name"] == mount["name"]]
    secret = volume["secret"]["secretName"]
    if (made := of_kind(objects, "Secret").get(secret)) is not None:
        return {key: base64.b64decode(value).decode() for key, value in made["data"].items()}
    external = of_kind(objects, "ExternalSecret")[secret]["spec"]
    known = {one["secretKey"] for one in external["data"]}
    texts = external["target"]["template"]["data"]
    used = {name for text in texts.values() for name in re.findall(r"\{\{ \.(\w+)", text)}
    assert used == known
    return {key: re.sub(r"\{\{.*?\}\}", PASSWORD, text) for key, text in texts.items()}


def as_read(
    objects: list[Object], service: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> CommonSettings:
    """The settings as the service would read them in its pod."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name, content in secret_files(objects, service).items():
        (folder / name).write_text(content, encoding="utf-8")
    for name, value in environment_of(pods_in(objects)[service], objects).items():
        monkeypatch.setenv(name, value.replace(FOLDER, str(folder)))
    return SETTINGS[service].from_environment()


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SETTINGS)
def test_every_variable_is_a_setting_of_its_service(
    overlay: str, service: str, rendered: dict[str, list[Object]]
) -> None:
    objects = rendered[overlay]
    told = set(environment_of(pods_in(objects)[service], objects))
    assert told - variables_of(SETTINGS[service]) == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SETTINGS)
def test_every_service_starts_with_what_it_is_told(
    overlay: str,
    service: str,
    rendered: dict[str, list[Object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = as_read(rendered[overlay], service, tmp_path, monkeypatch)
    assert settings.env is Environment(overlay)
    assert settings.log_format == "json"
    secrets = {name for name, field in type(settings).model_fields.items() if is_secret(field)}
    assert [name for name in secrets if getattr(settings, name) is None] == []
    if service != "migrate":
        ports = pods_in(rendered[overlay])[service].container["ports"]
        assert (settings.host, settings.port) == ("0.0.0.0", ports[0]["containerPort"])  # noqa: S104
        assert settings.instance == "metadata.name"


@pytest.mark.parametrize("service", SETTINGS)
def test_production_speaks_to_its_servers_over_verified_tls(
    service: str, production: list[Object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = as_read(production, service, tmp_path, monkeypatch)
    database = parse_qs(urlsplit(settings.database_url.get_secret_value()).query)
    redis = parse_redis_url(settings.redis_url.get_secret_value())
    assert database["sslmode"] == ["verify-full"]
    assert redis.layout is Layout.CLUSTER
    authority = {f"{tmp_path}/ca.crt"}
    told = {*database["sslrootcert"], redis.options["ssl_ca_certs"]}
    # The addresses stand inside of files, where the folder is that of the pod.
    assert {path.replace(FOLDER, str(tmp_path)) for path in told} == authority
    assert (tmp_path / "ca.crt").exists()


def test_everybody_comes_to_postgresql_in_a_role_of_their_own(
    production: list[Object], data: list[Object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = of_kind(data, "Cluster")["postgres"]["spec"]
    roles = {one["name"] for one in cluster["managed"]["roles"]}
    owner = cluster["bootstrap"]["initdb"]["owner"]
    users = {}
    for service in SETTINGS:
        settings = as_read(production, service, tmp_path, monkeypatch)
        users[service] = urlsplit(settings.database_url.get_secret_value()).username
    assert users.pop("migrate") == owner
    assert set(users.values()) == roles
    assert len(roles) == len(users)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_gateway_asks_for_replicas_by_names_that_are_there(
    overlay: str, rendered: dict[str, list[Object]]
) -> None:
    objects = rendered[overlay]
    told = environment_of(pods_in(objects)["gateway"], objects)
    for variable, name in (("GATEWAY_API", "api-service"), ("GATEWAY_WS", "ws-service")):
        service = of_kind(objects, "Service")[name]
        [port] = service["spec"]["ports"]
        namespace = service["metadata"]["namespace"]
        # In full: nginx knows no search domains.
        assert told[variable] == f"{name}.{namespace}.svc.cluster.local:{port['port']}"
        # An address for each replica, and not one for all.
        assert service["spec"]["clusterIP"] == "None"


def test_secrets_never_stand_in_a_variable(production: list[Object]) -> None:
    for service, settings in SETTINGS.items():
        told = environment_of(pods_in(production)[service], production)
        names = {name for name, field in settings.model_fields.items() if is_secret(field)}
        assert {f"{PREFIX}{name}".upper() for name in names} & set(told) == set()
        assert {f"{PREFIX}{name}{SUFFIX}".upper() for name in names} <= set(told)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_changed_setting_is_rolled_out(overlay: str, rendered: dict[str, list[Object]]) -> None:
    maps = of_kind(rendered[overlay], "ConfigMap")
    assert [name for name in maps if not re.fullmatch(r"[a-z-]+-[a-z0-9]{10}", name)] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_job_names_nothing_whose_name_changes(
    overlay: str, rendered: dict[str, list[Object]]
) -> None:
    pod = pods_in(rendered[overlay])["migrate"]
    assert pod.owner.startswith("Job/migrate-")
    assert "envFrom" not in pod.container
