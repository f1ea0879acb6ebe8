"""`mcp-salesforce app`: the source of the External Client App that `login` needs, for `sf project deploy`.

The types and fields are those of Salesforce's Metadata API Developer Guide (types since version 59.0), folders and
suffixes also of the registry in @salesforce/source-deploy-retrieve 12.37.
"""

import json
import re
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import click

from mcp_salesforce.cli.shells import typed

_NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
_VERSION: Final = "60.0"
_SOURCE: Final = "force-app/main/default"
_MANIFEST: Final = "manifest/package.xml"
_SCOPES: Final = {"api": "Api", "refresh_token": "RefreshToken"}
_NAME: Final = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")


@click.command(name="app")
@click.option("--email", required=True, help="Contact of the app, which Salesforce asks for.")
@click.option("--name", default="McpSalesforce", show_default=True, help="Name of the app in the org.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=1717,
    show_default=True,
    help="Port of the callback URL, http://localhost:PORT/callback, as for login.",
)
@click.option("--public-url", help="Of a server for a team instead: its address, SALESFORCE_PUBLIC_URL.")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="New folder to write into.")
def command(*, email: str, name: str, port: int, public_url: str | None, folder: Path | None) -> None:
    """Make the source of the app in your org, for `sf project deploy`: an External Client App.

    Without --to it is printed. It contains no secret: Salesforce makes the consumer key and secret.
    """
    _check(email, name)
    callback = f"{_checked_url(public_url)}/callback" if public_url else f"http://localhost:{port}/callback"
    files = source(name, email, callback)
    if folder is None:
        for path, text in files.items():
            click.echo(f"==> {path} <==\n{text}")
        return
    _write(folder, files)
    deploy = ["sf", "project", "deploy", "start", "--manifest", _MANIFEST, "--target-org", "YOUR_ORG"]
    click.echo(f"Wrote {len(files)} files. Deploy them as an administrator:\n")
    click.echo(f"  {typed(['cd', str(folder)])}\n  {typed(deploy)}\n")
    click.echo(
        f"Then copy the consumer key and secret: in Setup, External Client App Manager, {name}, Settings, OAuth "
        "Settings. docs/connect-an-org.md says what the org must allow for that."
    )


def source(name: str, email: str, callback: str) -> dict[str, str]:
    """Return the files of a project that deploys the app, by path.

    Args:
        name: Name and label of the app.
        email: Its contact.
        callback: The address to which the browser brings the answer of a login.
    """
    from mcp_salesforce.salesforce.consent import SCOPE

    settings, global_settings = f"{name}OAuth", f"{name}GlobalOAuth"
    scopes = ", ".join(_SCOPES[scope] for scope in SCOPE.split())
    app = {"contactEmail": email, "description": "Lets an MCP server work in Salesforce as the user who allows it."}
    app |= {"distributionState": "Local", "isProtected": "false", "label": name}
    oauth = {"commaSeparatedOauthScopes": scopes, "externalClientApplication": name, "label": settings}
    everywhere = {
        "callbackUrl": callback,
        "externalClientApplication": name,
        "isConsumerSecretOptional": "false",
        "isIntrospectAllTokens": "false",
        "isPkceRequired": "true",
        "isSecretRequiredForRefreshToken": "true",
        "label": global_settings,
        "shouldRotateConsumerKey": "false",
        "shouldRotateConsumerSecret": "false",
    }
    parts = {
        f"externalClientApps/{name}.eca": ("ExternalClientApplication", app),
        f"extlClntAppOauthSettings/{settings}.ecaOauth": ("ExtlClntAppOauthSettings", oauth),
        f"extlClntAppGlobalOauthSets/{global_settings}.ecaGlblOauth": ("ExtlClntAppGlobalOauthSettings", everywhere),
    }
    project = {"packageDirectories": [{"path": "force-app", "default": True}], "sourceApiVersion": _VERSION}
    members = {kind: Path(path).stem for path, (kind, _) in parts.items()}
    return {
        "sfdx-project.json": f"{json.dumps(project, indent=2)}\n",
        _MANIFEST: _manifest(members),
        **{f"{_SOURCE}/{path}-meta.xml": _metadata(kind, values) for path, (kind, values) in parts.items()},
    }


def _metadata(kind: str, values: dict[str, str]) -> str:
    root = ET.Element(kind, xmlns=_NAMESPACE)
    for name, value in values.items():
        ET.SubElement(root, name).text = value
    return _as_text(root)


def _manifest(members: dict[str, str]) -> str:
    root = ET.Element("Package", xmlns=_NAMESPACE)
    for kind, member in members.items():
        types = ET.SubElement(root, "types")
        ET.SubElement(types, "members").text = member
        ET.SubElement(types, "name").text = kind
    ET.SubElement(root, "version").text = _VERSION
    return _as_text(root)


def _as_text(root: ET.Element) -> str:
    ET.indent(root, "    ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _check(email: str, name: str) -> None:
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        raise click.BadParameter(f"{email!r} is not an e-mail address.", param_hint="--email")
    if not _NAME.fullmatch(name) or len(name) > 40:  # noqa: PLR2004 - as Salesforce allows
        raise click.BadParameter(
            "Use at most 40 letters, digits and single underscores, a letter first.", param_hint="--name"
        )


def _checked_url(url: str) -> str:
    if not re.fullmatch(r"https://[\w.-]+(:\d+)?/?", url, re.ASCII):
        raise click.BadParameter(
            "Give the address with https:// and without a path, such as https://mcp.acme.com.",
            param_hint="--public-url",
        )
    return url.rstrip("/")


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        if folder.exists() and any(folder.iterdir()):
            raise click.ClickException(f"{folder} is not empty: name a new folder with --to.")
        for path, text in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written: {error.strerror}.") from None
