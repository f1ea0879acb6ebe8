"""What `deploy/` says fits the server: its paths, ports and settings, and no secret stands there."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_salesforce.http.probes import ALIVE, METRICS, READY
from mcp_salesforce.settings.serving import Serving
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.settings.team import Team

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTINGS = {f"SALESFORCE_{name.upper()}" for kind in (Settings, Team, Serving) for name in kind.model_fields}
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize(
    "file", sorted(each for each in DEPLOY.rglob("*") if each.is_file()), ids=lambda file: file.name
)
def test_each_setting_that_is_named_exists(file: Path) -> None:
    assert set(re.findall(r"\bSALESFORCE_[A-Z_]*[A-Z]\b", file.read_text())) <= SETTINGS


def test_no_secret_has_a_value() -> None:
    lines = (DEPLOY / "team.env.example").read_text().splitlines()
    assert {"SALESFORCE_CLIENT_SECRET=", "SALESFORCE_STORE_KEYS=", "SALESFORCE_STATE_KEY="} <= set(lines)


def test_the_pods_are_probed_restricted_and_drained() -> None:
    pod = read(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]["template"]["spec"]
    (server,) = pod["containers"]
    drain_s = Serving().drain_s + server["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert server["livenessProbe"]["httpGet"]["path"] == ALIVE
    assert server["readinessProbe"]["httpGet"]["path"] == READY
    assert server["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["terminationGracePeriodSeconds"] > drain_s
    assert any("secretRef" in each for each in server["envFrom"])


def test_the_manifests_are_all_listed_and_select_the_same_pods() -> None:
    listed = read(DEPLOY / "kubernetes" / "kustomization.yaml")["resources"]
    kinds = {read(file)["kind"] for file in MANIFESTS}

    assert sorted(listed) == [file.name for file in MANIFESTS if file.name != "kustomization.yaml"]
    assert {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"} < kinds


@pytest.mark.clients
@pytest.mark.parametrize(
    "file", [file for file in MANIFESTS if file.stem != "kustomization"], ids=lambda file: file.stem
)
def test_the_manifests_fit_the_schemas_of_kubernetes(file: Path) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="uv sync --group clients brings it")

    kubernetes_validate.validate(read(file), "1.37", strict=True)


@pytest.mark.clients
def test_the_compose_file_fits_the_specification() -> None:
    compose_spec = pytest.importorskip("compose_spec", reason="uv sync --group clients brings it")
    text = (DEPLOY / "compose.yaml").read_text()
    compose = compose_spec.PyCompose.from_yaml(text)
    compose.validate()

    assert sorted(compose.service_names()) == ["proxy", "server", "store"]
    for right, wrong in (("read_only:", "readonly:"), ("service_healthy", "service_well"), ("back: {}", "rear: {}")):
        assert right in text
        with pytest.raises(ValueError, match=r"\w"):
            compose_spec.PyCompose.from_yaml(text.replace(right, wrong)).validate()


@pytest.mark.parametrize("name", ["nginx.conf", "haproxy.cfg"])
def test_the_proxy_keeps_the_probes_inside_and_names_the_replicas_port(name: str) -> None:
    proxy, image = (DEPLOY / name).read_text(), (DEPLOY / "Containerfile").read_text()

    assert all(path.strip("/") in proxy for path in (ALIVE, READY, METRICS))
    assert "server:8000" in proxy
    assert '"--port", "8000"' in image
    assert "USER 65532" in image


def test_the_image_is_built_from_every_file_that_the_package_needs() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {project["project"]["readme"], *project["project"]["license-files"], *wheel["force-include"]}

    assert names == {"pyproject.toml", *needed, *(package.split("/")[0] for package in wheel["packages"])}
