"""The pages of the local org in front of its API: what they show, what they hide, and who can change something."""

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx2
import pytest

from mcp_salesforce.localorg import Fault, LocalOrg
from mcp_salesforce.localorg.explorer import Explorer
from mcp_salesforce.localorg.explorer.readable import MOST_SHOWN
from mcp_salesforce.localorg.explorer.seen_calls import MOST_BYTES, MOST_CALLS
from tests.localorg.conftest import BASE_URL

DATA = "/services/data/v60.0"
PAGES = "/_local/explorer"
ANSWERED = ("/services/data", f"{DATA}/sobjects/User/describe", f"{DATA}/nothing", "/cometd")


@pytest.fixture
async def pages(org: LocalOrg) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser on the pages, and clients of the same org beside it."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(Explorer(org)), base_url=BASE_URL) as client:
        yield client


async def call(pages: httpx2.AsyncClient, org: LocalOrg, method: str, path: str, **more: object) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {org.credentials.access_token}", **more.pop("headers", {})}  # type: ignore[dict-item]
    return await pages.request(method, path, headers=headers, **more)  # type: ignore[arg-type]


async def text_of(pages: httpx2.AsyncClient, path: str) -> str:
    """Return the text of a page, without its markup."""
    answer = await pages.get(path)
    assert answer.status_code == 200, answer.text
    shown = answer.text.partition("<body")[2].partition(">")[2]
    return unescape(re.sub("<[^>]*>", " ", shown))


async def proof(pages: httpx2.AsyncClient) -> str:
    found = re.search('name="proof" value="([^"]+)"', (await pages.get(f"{PAGES}/faults")).text)
    assert found
    return found[1]


async def test_the_first_page_counts_the_records_of_each_object(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    for name in ("Finch", "Wren"):
        org.insert("Contact", LastName=name)

    shown = " ".join((await text_of(pages, "/")).split())

    assert "Contacts 2 Contact" in shown
    assert "Users 3 User" in shown
    assert "No client has called the API yet." in shown


async def test_records_are_paged_to_the_last_and_back(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    made = [org.insert("Contact", LastName=f"Person {number:03}") for number in range(120)]

    seen: list[str] = []
    path, first, links = f"{PAGES}/objects/Contact", "", {}
    while path:
        page = (await pages.get(path)).text
        seen += re.findall(rf'href="{PAGES}/records/(\w+)">Person', page)
        first = first or page
        links = {label: unescape(href) for href, label in re.findall(r'href="([^"]*)" class="page">(\w+)<', page)}
        path = links.get("Older", "")

    assert seen == made[::-1]
    again = (await pages.get(links["Newer"])).text
    assert re.findall(r"Person \d+", again)[0] == "Person 069"
    back = {label: unescape(href) for href, label in re.findall(r'href="([^"]*)" class="page">(\w+)<', again)}
    assert re.findall(r"Person \d+", (await pages.get(back["Newer"])).text) == re.findall(r"Person \d+", first)


@pytest.mark.parametrize("words", ["zürich", "ZÜRICH", "ürich & so", "100%_"])
async def test_a_search_finds_its_text_in_any_field(pages: httpx2.AsyncClient, org: LocalOrg, words: str) -> None:
    org.insert("Contact", LastName="Finch", Description="Lives in Zürich & so on: 100%_ sure")
    org.insert("Contact", LastName="Wren", Description="Lives in Zug & so on: 100x sure")

    shown = await text_of(pages, str(httpx2.URL(f"{PAGES}/objects/Contact", params={"search": words})))

    assert "Finch" in shown
    assert "Wren" not in shown


async def test_a_record_leads_to_those_that_it_names_and_that_name_it(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Finch", AccountId=account)

    of_contact = (await pages.get(f"{PAGES}/records/{contact}")).text
    assert f'href="{PAGES}/records/{account}">Acme</a>' in of_contact
    of_account = (await pages.get(f"{PAGES}/records/{account}")).text
    [children] = re.findall(r'href="([^"]*)">Contacts</a>', of_account)
    assert "Finch" in await text_of(pages, unescape(children))


async def test_text_of_records_is_text(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x07"
    contact = org.insert("Contact", LastName=hostile[:80], Description=hostile)
    account = org.insert("Account", Name=hostile)
    org.insert("Contact", LastName="Child", AccountId=account)
    await call(pages, org, "GET", f"{DATA}/query", params={"q": f"SELECT Id FROM Account WHERE Name = '{hostile}'"})

    for path in (
        "/",
        f"{PAGES}/objects/Contact",
        str(httpx2.URL(f"{PAGES}/objects/Contact", params={"search": hostile, "by": hostile, "of": hostile})),
        f"{PAGES}/objects/Contact?by=AccountId&of={account}",
        f"{PAGES}/records/{contact}",
        f"{PAGES}/records/{account}",
        f"{PAGES}/calls",
        f"{PAGES}/calls/1",
        str(httpx2.URL(f"{BASE_URL}{PAGES}/records/").join("%3Cscript%3E")),
    ):
        page = (await pages.get(path)).text
        assert "<script" not in page, path
        assert "<img" not in page, path
        assert "\x07" not in page, path


async def test_deleted_records_are_on_a_page_of_their_own(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    gone = org.insert("Contact", LastName="Gone")
    org.records.delete("Contact", gone, org.user_id)

    assert "Gone" not in await text_of(pages, f"{PAGES}/objects/Contact")
    assert "Gone" in await text_of(pages, f"{PAGES}/objects/Contact?deleted=yes")
    assert "This record is deleted." in await text_of(pages, f"{PAGES}/records/{gone}")


async def test_a_call_is_shown_with_its_soql_its_answer_and_its_user(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    org.insert("Contact", LastName="Finch")
    query = "SELECT Id, LastName FROM Contact WHERE LastName != 'x & y'"
    await call(pages, org, "GET", f"{DATA}/query", params={"q": query}, headers={"Accept-Encoding": "gzip"})
    part = {"method": "GET", "url": f"{DATA}/query?q=SELECT+Id+FROM+Lead", "referenceId": "one"}
    await call(pages, org, "POST", f"{DATA}/composite", json={"compositeRequest": [part]})

    listed = await text_of(pages, f"{PAGES}/calls")
    assert listed.index("SELECT Id FROM Lead") < listed.index(query)
    whole = await text_of(pages, f"{PAGES}/calls/1")
    assert query in whole
    assert '"LastName": "Finch"' in whole
    assert "200 OK" in whole
    assert "Nora Quill" in whole
    assert "SELECT Id FROM Lead" in await text_of(pages, f"{PAGES}/calls/2")


async def test_a_broken_call_is_shown_as_broken(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    org.faults.add(Fault("reset_before"))
    with pytest.raises(ConnectionResetError):
        await call(pages, org, "GET", f"{DATA}/limits")

    assert "the connection broke" in await text_of(pages, f"{PAGES}/calls/1")


async def test_no_secret_is_shown_wherever_a_client_puts_it(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    own = org.credentials
    secrets = (own.access_token, own.client_secret, own.refresh_token, own.password)
    login = {"grant_type": "refresh_token", "client_id": own.client_id, "client_secret": own.client_secret}
    token = (await pages.post("/services/oauth2/token", data=login | {"refresh_token": own.refresh_token})).json()
    await call(pages, org, "GET", f"//services/oauth2/userinfo?access_token={own.access_token}")
    await call(pages, org, "GET", f"{DATA}/limits?sid={own.access_token}&oauth_token={own.access_token}")
    await call(pages, org, "GET", "/secur/frontdoor.jsp", params={"sid": own.access_token})
    soap = f'<e xmlns="x"><sessionId>{own.access_token}</sessionId><n:password>{own.password}</n:password></e>'
    await call(pages, org, "POST", "/services/Soap/u/60.0", content=soap, headers={"Content-Type": "text/xml"})
    headers = {"Authorization": f"Bearer {own.access_token}"}
    parts = {"batchRequests": [{"method": "GET", "url": "limits", "httpHeaders": headers}], "password": own.password}
    await call(pages, org, "POST", f"{DATA}/composite/batch", json=parts)
    await call(pages, org, "POST", f"{DATA}/sobjects/Contact", json={"LastName": own.access_token[:80]})
    padding = "x" * (MOST_BYTES - 200)
    await call(pages, org, "POST", f"{DATA}/composite", json={"a": padding, "b": f"Bearer {own.access_token}"})
    query = f"SELECT Id FROM Contact WHERE Name = '{own.access_token}'"
    await call(pages, org, "GET", f"{DATA}/query", params={"q": query})

    shown = (await pages.get("/")).text + (await pages.get(f"{PAGES}/calls")).text
    shown += "".join([(await pages.get(f"{PAGES}/calls/{number}")).text for number in range(1, 10)])
    for secret in (*secrets, token["access_token"]):
        for piece in (secret, secret[:40] if len(secret) > 40 else secret, secret.replace("!", "%21")):
            assert piece not in shown


async def test_what_is_remembered_and_shown_is_bounded(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    for number in range(MOST_CALLS + 5):
        await call(pages, org, "GET", f"{DATA}/nothing{number}")
    await call(pages, org, "POST", f"{DATA}/composite", json={"a": "x" * 200_000})

    assert (await pages.get(f"{PAGES}/calls/6")).status_code == 404
    shown = await text_of(pages, f"{PAGES}/calls/{MOST_CALLS + 6}")
    assert "cut here: the body has 200,008 bytes" in shown
    assert len(shown) < 2 * MOST_SHOWN


async def test_the_paths_of_salesforce_are_answered_as_without_the_pages(
    pages: httpx2.AsyncClient, http: httpx2.AsyncClient, org: LocalOrg
) -> None:
    changing = {"x-sfdc-request-id", "x-request-id", "sforce-limit-info"}
    for path in ANSWERED:
        through, direct = await call(pages, org, "GET", path), await http.get(path)
        assert (through.status_code, through.content) == (direct.status_code, direct.content), path
        named = [{k: v for k, v in each.headers.items() if k not in changing} for each in (through, direct)]
        assert named[0] == named[1], path


async def test_a_fault_is_switched_on_strikes_and_is_switched_off(pages: httpx2.AsyncClient, org: LocalOrg) -> None:
    form = {"do": "add", "proof": await proof(pages), "kind": "unavailable", "path": "*/limits", "count": ""}
    own = {"Origin": BASE_URL}
    for kind in ("unavailable", "lock_row"):
        added = await pages.post(f"{PAGES}/faults", data=form | {"kind": kind}, headers=own)
        assert (added.status_code, added.headers["location"]) == (303, f"{PAGES}/faults")

    assert org.faults.pending == [Fault(kind, path="*/limits", count=None) for kind in ("unavailable", "lock_row")]
    assert (await call(pages, org, "GET", f"{DATA}/limits")).status_code == 503
    assert (await call(pages, org, "GET", f"{DATA}")).status_code == 200
    shown = await text_of(pages, f"{PAGES}/faults")
    assert "Every call of */limits: 503 with an HTML page." in shown

    off = {"do": "remove", "number": "0", "kind": "unavailable", "proof": form["proof"]}
    await pages.post(f"{PAGES}/faults", data=off, headers=own)
    await pages.post(f"{PAGES}/faults", data=off, headers=own)  # pressed twice: the next one stays
    assert [each.kind for each in org.faults.pending] == ["lock_row"]
    await pages.post(f"{PAGES}/faults", data={"do": "clear", "proof": form["proof"]}, headers=own)
    assert org.faults.pending == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "earthquake"}, {"count": "0"}, {"count": "many"}, {"delay_s": "-1"}, {"delay_s": "nan"},
    ],
)  # fmt: skip
async def test_a_fault_that_cannot_be_is_told_and_the_form_keeps_what_was_entered(
    pages: httpx2.AsyncClient, org: LocalOrg, wrong: dict[str, str]
) -> None:
    form = {"do": "add", "proof": await proof(pages), "kind": "hang", "path": "*/kept*", **wrong}

    answer = await pages.post(f"{PAGES}/faults", data=form, headers={"Origin": BASE_URL})

    assert answer.status_code == 400
    assert f"Not switched on: {next(iter(wrong))}: " in answer.text
    assert 'value="*/kept*"' in answer.text
    assert org.faults.pending == []


@pytest.mark.parametrize(
    ("headers", "changed"),
    [
        ({}, {}),
        ({"Origin": "null"}, {}),
        ({"Origin": "http://127.0.0.1:9999"}, {}),
        ({"Origin": "https://evil.example"}, {}),
        ({"Origin": BASE_URL, "Sec-Fetch-Site": "cross-site"}, {}),
        ({"Origin": BASE_URL, "Sec-Fetch-Site": "same-site"}, {}),
        ({"Origin": "http://evil.example:8080", "Host": "evil.example:8080"}, {}),
        ({"Origin": BASE_URL}, {"proof": ""}),
        ({"Origin": BASE_URL}, {"proof": "guessed"}),
    ],
)
async def test_a_form_of_another_site_changes_nothing(
    pages: httpx2.AsyncClient, org: LocalOrg, headers: dict[str, str], changed: dict[str, str]
) -> None:
    form = {"do": "add", "proof": await proof(pages), "kind": "unavailable", **changed}

    answer = await pages.post(f"{PAGES}/faults", data=form, headers=headers)

    assert answer.status_code == 403
    assert org.faults.pending == []


@pytest.mark.parametrize("path", ["/", f"{PAGES}/calls", f"{PAGES}/objects/Contact", f"{PAGES}/faults"])
async def test_a_name_that_was_rebound_to_this_machine_reads_no_page(pages: httpx2.AsyncClient, path: str) -> None:
    answer = await pages.get(path, headers={"Host": "evil.example:8080"})

    assert answer.status_code == 403
    assert "127.0.0.1" in answer.text


async def test_every_page_allows_no_script_no_frame_and_nothing_from_elsewhere(pages: httpx2.AsyncClient) -> None:
    for path in ("/", f"{PAGES}/calls", f"{PAGES}/faults", f"{PAGES}/objects/Contact", f"{PAGES}/objects/Nothing__c"):
        answer = await pages.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
