"""Files of records through the real stack: listed, read as text, saved, attached, taken back."""

import base64
import hashlib
import io
import secrets
import zipfile
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.files import document_text, record_files
from tests.conftest import NOW, settings_of
from tests.tools.calls import call, called, refusal, rows_as_dicts
from tests.tools.files.documents_made import docx, pdf, xlsx

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that the server of `mcp` may write to."""
    return tmp_path / "files"


@pytest.fixture
def account(org: LocalOrg) -> str:
    return org.insert("Account", Name="Acme")


def attached(org: LocalOrg, name: str, data: bytes, record_id: str, **more: Any) -> str:
    """A file of a record; return the Id of its version."""
    encoded = base64.b64encode(data).decode()
    return org.insert(
        "ContentVersion", PathOnClient=name, VersionData=encoded, FirstPublishLocationId=record_id, **more
    )


def below(folder: Path) -> list[str]:
    return [each.name for each in folder.rglob("*")]


def document(org: LocalOrg, version: str) -> str:
    return str(org.records.retrieve("ContentVersion", version, ["ContentDocumentId"])["ContentDocumentId"])


async def test_the_files_of_a_record_are_listed(mcp: Client, org: LocalOrg, account: str) -> None:
    version = attached(org, "offer.txt", b"An offer", account)
    attached(org, "other.txt", b"x", org.insert("Account", Name="Bolt"))

    told = await call(mcp, "list_files", record_id=account)
    name = org.store.rows("SELECT Name FROM Account WHERE Id = ?", [account])[0]["Name"]
    named = await call(mcp, "list_files", record_id=name)
    missing = await refusal(mcp, "list_files", record_id="001000000000999AAA")

    [row] = rows_as_dicts(told)
    assert (row["file_id"], row["name"], row["extension"], row["bytes"]) == (document(org, version), "offer", "txt", 8)
    assert missing["code"] == "NOT_FOUND"
    assert named == told


@pytest.mark.parametrize(
    ("name", "data", "text", "left_out"),
    [
        ("note.txt", "Grüße\nAda".encode(), "Grüße\nAda", ""),
        ("old.txt", "Grüße".encode("cp1252"), "Grüße", "Windows-1252"),
        ("wide.csv", "a;ü".encode("utf-16"), "a;ü", ""),
        ("offer.pdf", pdf("Page one", "Page two"), "Page one\n\nPage two", "Pictures"),
        ("letter.docx", docx("Dear Ada", "Yours"), "Dear Ada\nYours\nTooth | 27", "comments"),
        ("prices.xlsx", xlsx(), "# Prices\nItem\tPrice\nCrown\t420.5", "Formulas"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
async def test_the_text_of_a_file_is_read_and_marked_as_peoples_words(
    mcp: Client, org: LocalOrg, account: str, name: str, data: bytes, text: str, left_out: str
) -> None:
    version = attached(org, name, data, account)

    told = await call(mcp, "get_file", file_id=document(org, version))

    assert (told["name"], told["bytes"], told["text"].strip()) == (name, len(data), text)
    assert told["text_by"].startswith("people of the org")
    assert left_out in told.get("left_out", "") if left_out else "left_out" not in told


async def test_a_long_text_goes_on_where_it_stopped(mcp: Client, org: LocalOrg, account: str) -> None:
    text = "".join(f"Line {number} é\n" for number in range(20_000))
    version = attached(org, "long.txt", text.encode(), account)

    first = await call(mcp, "get_file", file_id=version)
    found, told = first["text"], first
    while "next_start" in told:
        told = await call(mcp, "get_file", file_id=version, start=told["next_start"])
        found += told["text"]

    assert first["characters"] == len(text)
    assert len(first["text"]) < len(text)
    assert found == text


def bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b"0" * (201 * 2**20))
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("x.pdf", b"no PDF", "not a PDF"),
        ("x.docx", b"no archive", "zip"),
        ("x.docx", bomb(), "unpacks to more than 200 MB"),
        ("x.xlsx", b"PK\x03\x04", "zip"),
        ("x.bin", b"\x00\x01\x02", "not a text"),
    ],
    ids=["pdf", "docx", "bomb", "xlsx", "binary"],
)
async def test_a_file_without_a_text_says_why_and_what_to_do(
    mcp: Client, org: LocalOrg, account: str, name: str, data: bytes, why: str
) -> None:
    error = await refusal(mcp, "get_file", file_id=attached(org, name, data, account))

    assert error["code"] == "NO_TEXT"
    assert why in error["message"]
    assert "path" in error["hint"]


async def test_a_document_that_takes_too_long_is_given_up(
    mcp: Client, org: LocalOrg, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_text, "_SECONDS", 0.0)
    error = await refusal(mcp, "get_file", file_id=attached(org, "x.txt", b"x", account))

    assert "longer than 0 seconds" in error["message"]


async def test_a_file_is_saved_whole_below_the_folder(mcp: Client, org: LocalOrg, account: str, folder: Path) -> None:
    data = secrets.token_bytes(700_000)
    version = attached(org, "photo.png", data, account)

    told = await call(mcp, "get_file", file_id=version, path="in/photo.png")
    again = await refusal(mcp, "get_file", file_id=version, path="in/photo.png")
    outside = await refusal(mcp, "get_file", file_id=version, path="../photo.png")

    assert (folder / "in" / "photo.png").read_bytes() == data
    assert (told["path"], told["bytes"]) == ("in/photo.png", 700_000)
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert (again["code"], outside["code"]) == ("FILE_EXISTS", "PATH_REFUSED")
    newer = attached(org, "photo.png", b"new", account, ContentDocumentId=document(org, version))
    assert newer
    await call(mcp, "get_file", file_id=document(org, version), path="in/photo.png", overwrite=True)
    assert (folder / "in" / "photo.png").read_bytes() == b"new"
    assert below(folder / "in") == ["photo.png"]


async def test_a_cut_file_is_not_saved(mcp: Client, org: LocalOrg, account: str, folder: Path) -> None:
    version = attached(org, "photo.png", b"0123456789", account)
    org.store.execute("UPDATE _content SET data = ? WHERE version = ?", [b"01234", version])

    error = await refusal(mcp, "get_file", file_id=version, path="photo.png")

    assert "10 bytes, and 5 came" in error["message"]
    assert below(folder) == []


async def test_a_file_is_attached_and_taken_back(mcp: Client, account: str, folder: Path) -> None:
    data = secrets.token_bytes(400_000) + b"\r\n--"
    (folder / "Angebot ü.pdf").write_bytes(data)

    planned = await call(mcp, "attach_file", record_id=account, path="Angebot ü.pdf", preview=True)
    assert rows_as_dicts(await call(mcp, "list_files", record_id=account)) == []
    told, change_id = await called(mcp, "attach_file", record_id=account, path="Angebot ü.pdf", name="Offer")
    [row] = rows_as_dicts(await call(mcp, "list_files", record_id=account))
    await call(mcp, "get_file", file_id=told["Id"], path="back.pdf")

    assert [each["action"] for each in planned["preview"]] == ["create"]
    assert (row["name"], row["bytes"], told["bytes"]) == ("Offer", len(data), len(data))
    assert (folder / "back.pdf").read_bytes() == data
    undone = await call(mcp, "undo", change_id=change_id)
    assert {"failed", "kept"}.isdisjoint(undone), undone
    assert rows_as_dicts(await call(mcp, "list_files", record_id=account)) == []


async def test_what_cannot_be_attached_is_refused(
    mcp: Client, org: LocalOrg, account: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "large.txt").write_text("large")
    monkeypatch.setattr(record_files, "MOST_UPLOADED", 4)

    codes = [
        (await refusal(mcp, "attach_file", record_id=account, path=path))["code"]
        for path in ("link.txt", "../secret.txt", "missing.txt", "large.txt")
    ]
    assert codes == ["PATH_REFUSED", "PATH_REFUSED", "PATH_REFUSED", "INVALID_ARGUMENT"]
    assert org.store.rows("SELECT Id FROM ContentVersion") == []


async def test_an_attachment_whose_answer_was_lost_is_looked_for(
    mcp: Client, org: LocalOrg, account: str, folder: Path
) -> None:
    (folder / "offer.txt").write_text("An offer")
    org.faults.add(Fault("reset_after", method="POST", path="*/sobjects/ContentVersion"))

    error = await refusal(mcp, "attach_file", record_id=account, path="offer.txt")

    assert error["code"] == "OUTCOME_UNKNOWN"
    assert len(org.store.rows("SELECT Id FROM ContentVersion")) == 1


POLICIES = {
    "hidden object": ("[objects.Account]\nactions = []", True),
    "no change": ('[objects.Account]\nactions = ["read"]', False),
    "hidden data": ('[objects.ContentVersion]\nhide = ["VersionData"]', False),
    "read only": ('actions = ["read"]', False),
}


@pytest.mark.parametrize("name", POLICIES)
async def test_a_policy_holds_for_the_data_of_files(org: LocalOrg, tmp_path: Path, account: str, name: str) -> None:
    policy, hides_all = POLICIES[name]
    version = attached(org, "offer.txt", b"An offer", account)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "new.txt").write_text("new")
    (tmp_path / "p.toml").write_text(policy, "utf-8")
    settings = settings_of(org, policy=tmp_path / "p.toml", toolsets="all", journal="off", files=tmp_path / "files")
    async with Client(create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)) as mcp:
        refused = await refusal(mcp, "attach_file", record_id=account, path="new.txt")
        if hides_all:
            await refusal(mcp, "list_files", record_id=account)
        else:
            assert len(rows_as_dicts(await call(mcp, "list_files", record_id=account))) == 1
        if hides_all or "VersionData" in policy:
            for more in ({}, {"path": "out.txt"}):
                error = await refusal(mcp, "get_file", file_id=version, **more)
                assert error["code"] == "POLICY_REFUSED"
            assert not (tmp_path / "files" / "out.txt").exists()
        else:
            assert (await call(mcp, "get_file", file_id=version))["text"] == "An offer"

    assert refused["code"] in {"POLICY_REFUSED", "NOT_ALLOWED"}
    assert len(org.store.rows("SELECT Id FROM ContentVersion")) == 1
