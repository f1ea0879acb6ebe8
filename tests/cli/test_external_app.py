"""`mcp-salesforce app`: the source of an app with which `login` works."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from mcp_salesforce.cli import cli
from mcp_salesforce.cli.callback import PATH
from mcp_salesforce.cli.login import DEFAULT_PORT

NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
SOURCE = "force-app/main/default"


def app(*options: str) -> Result:
    return CliRunner().invoke(cli, ["app", "--email", "admin@acme.example", *options])


def written(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def values(text: str) -> dict[str, str | None]:
    return {part.tag.removeprefix(NAMESPACE): part.text for part in ET.fromstring(text)}  # noqa: S314 - our own text


def test_the_app_is_as_login_needs_it(tmp_path: Path) -> None:
    done = app("--to", str(tmp_path / "app"))

    assert done.exit_code == 0, done.output
    assert "sf project deploy start --manifest manifest/package.xml --target-org" in done.output
    files = written(tmp_path / "app")
    everywhere = values(files[f"{SOURCE}/extlClntAppGlobalOauthSets/McpSalesforceGlobalOAuth.ecaGlblOauth-meta.xml"])
    oauth = values(files[f"{SOURCE}/extlClntAppOauthSettings/McpSalesforceOAuth.ecaOauth-meta.xml"])
    own = values(files[f"{SOURCE}/externalClientApps/McpSalesforce.eca-meta.xml"])
    assert everywhere["callbackUrl"] == f"http://localhost:{DEFAULT_PORT}{PATH}"
    assert everywhere["isPkceRequired"] == everywhere["isSecretRequiredForRefreshToken"] == "true"
    assert oauth["commaSeparatedOauthScopes"] == "Api, RefreshToken"
    assert (own["label"], own["contactEmail"]) == ("McpSalesforce", "admin@acme.example")
    assert oauth["externalClientApplication"] == everywhere["externalClientApplication"] == own["label"]


def test_the_manifest_has_each_file_and_nothing_else(tmp_path: Path) -> None:
    app("--to", str(tmp_path / "app"), "--name", "Desk_1")
    files = written(tmp_path / "app")

    members = {
        each.findtext(f"{NAMESPACE}members")
        for each in ET.fromstring(files["manifest/package.xml"]).iter(f"{NAMESPACE}types")  # noqa: S314 - our own text
    }

    assert members == {Path(path).name.split(".")[0] for path in files if path.endswith("-meta.xml")}
    assert "Desk_1" in members


def test_without_a_folder_every_file_is_printed(tmp_path: Path) -> None:
    app("--to", str(tmp_path / "app"))

    printed = app().output

    assert all(f"==> {path} <==\n{text}" in printed for path, text in written(tmp_path / "app").items())


def test_the_app_of_a_team_calls_back_to_its_address() -> None:
    assert (
        "<callbackUrl>https://mcp.acme.com/callback</callbackUrl>"
        in app("--public-url", "https://mcp.acme.com/").output
    )
    assert "<callbackUrl>http://localhost:8123/callback</callbackUrl>" in app("--port", "8123").output


def test_marks_of_xml_in_a_value_stay_text(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["app", "--email", "a<b>&c@acme.example", "--to", str(tmp_path / "app")])

    assert done.exit_code == 0
    own = written(tmp_path / "app")[f"{SOURCE}/externalClientApps/McpSalesforce.eca-meta.xml"]
    assert values(own)["contactEmail"] == "a<b>&c@acme.example"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--name", "9x"], "letter first"),
        (["--name", "a__b"], "single underscores"),
        (["--name", "../x"], "letters, digits"),
        (["--name", "x" * 41], "at most 40"),
        (["--public-url", "http://mcp.acme.com"], "https://"),
        (["--public-url", "https://mcp.acme.com/x"], "without a path"),
        (["--email", "nobody"], "not an e-mail address"),
        (["--email", "a\x00@b"], "not an e-mail address"),
    ],
)
def test_what_salesforce_would_refuse_is_refused_before(options: list[str], says: str) -> None:
    done = app(*options)

    assert done.exit_code == 2
    assert says in done.output


def test_a_folder_with_something_in_it_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    done = app("--to", str(tmp_path))

    assert done.exit_code == 1
    assert "is not empty" in done.output
    assert written(tmp_path) == {"mine.txt": "mine"}
