"""Three replicas behind nginx or HAProxy, as in `deploy/`: a login, calls on any of them, and one that is killed."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.http.served import answer_in
from tests.oauth.processes import PATIENCE_S, Endpoint, free_port, log_in, replicas
from tests.store.valkey_server import running

pytestmark = [pytest.mark.slow, pytest.mark.valkey]
DEPLOY = Path(__file__).parents[2] / "deploy"
CALLS = 120
PACKAGES = {"nginx": "nginx-light", "haproxy": "haproxy"}


def binary(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        pytest.skip(f"needs {name}: apt-get install {PACKAGES[name]}")
    return found


def changed(text: str, changes: Mapping[str, str]) -> str:
    for pattern, instead in changes.items():
        text, count = re.subn(pattern, instead, text)
        assert count == 1, pattern
    return text


def nginx_conf(urls: Sequence[str], port: int, folder: Path) -> str:
    """The configuration of `deploy/`, with the replicas' ports here, and with files below `folder` alone."""
    servers = "".join(f"server {url.removeprefix('http://')}; " for url in urls)
    places = "".join(
        f"{name}_temp_path {folder / name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    changes = {
        r"server server:8000 resolve;": servers,
        r"listen 8080;": f"listen 127.0.0.1:{port};",
        r"http \{": f"http {{ access_log off; {places}",
    }
    text = changed((DEPLOY / "nginx.conf").read_text(), changes)
    return f"daemon off; pid {folder / 'pid'}; error_log stderr;\n{text}"


def haproxy_conf(urls: Sequence[str], port: int) -> str:
    """The configuration of `deploy/`, with the replicas' ports here."""
    servers = "".join(
        f"  server replica{number} {url.removeprefix('http://')} check inter 1s rise 1 fall 2\n"
        for number, url in enumerate(urls)
    )
    changes = {r"bind :8080": f"bind 127.0.0.1:{port}", r"  server-template .*\n": servers}
    return changed((DEPLOY / "haproxy.cfg").read_text(), changes)


@contextmanager
def proxy(name: str, urls: Sequence[str], port: int, folder: Path) -> Iterator[str]:
    """Run a proxy in front of the replicas, and give its address."""
    conf = folder / f"{name}.conf"
    if name == "nginx":
        conf.write_text(nginx_conf(urls, port, folder))
        command = [binary(name), "-p", str(folder), "-c", str(conf), "-e", "stderr"]
        check = [*command, "-t"]
    else:
        conf.write_text(haproxy_conf(urls, port))
        command = [binary(name), "-f", str(conf), "-db"]
        check = [*command, "-c"]
    checked = subprocess.run(check, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert checked.returncode == 0, checked.stderr
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.mark.parametrize("name", PACKAGES)
async def test_a_login_and_calls_go_through_the_proxy_though_a_replica_dies(
    org: LocalOrg, tmp_path: Path, name: str
) -> None:
    binary(name)
    port = free_port()
    settings = {
        "SALESFORCE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SALESFORCE_ALLOWED_HOSTS": "",
        "SALESFORCE_TRUSTED_PROXIES": "127.0.0.1",
        "SALESFORCE_CALLS_PER_MINUTE": "100000",
    }
    with (
        org.listening() as org_url,
        running(tmp_path) as store,
        replicas(org, org_url, store, tmp_path, count=3, **settings) as fleet,
        proxy(name, [each.url for each in fleet], port, tmp_path) as address,
    ):
        async with httpx2.AsyncClient(timeout=PATIENCE_S) as http:
            for each in fleet:
                await each.ready(http)
            front = Endpoint(address)
            async with asyncio.timeout(PATIENCE_S):
                while (await front.call(http, "nobody")).status_code != 401:  # noqa: ASYNC110 - until it knows them
                    await asyncio.sleep(0.1)
            tokens = await log_in(http, address, address, org_url)
            hidden = [(await http.get(f"{address}{path}")).status_code for path in ("/healthz", "/readyz", "/metrics")]
            nobody = await front.call(http, "nobody")
            bearer = tokens["access_token"]
            saved: dict[str, str] = {}
            broken: set[str] = set()

            async def write(number: int) -> None:
                if number == CALLS // 3:
                    fleet[0].kill()
                last_name = f"Proxied {number}"
                answer = await front.call(http, bearer, "salesforce_create_contact", data={"LastName": last_name})
                if answer.status_code == 200:
                    saved[last_name] = answer_in(answer)["result"]["structuredContent"]["Id"]
                else:
                    assert answer.status_code == 502
                    broken.add(last_name)

            for first in range(0, CALLS, 8):
                await asyncio.gather(*(write(first + each) for each in range(8)))

    rows = org.store.rows("SELECT LastName, Id FROM Contact WHERE LastName LIKE 'Proxied %'", [])
    assert hidden == [404, 404, 404]
    assert (nobody.status_code, address in nobody.headers["www-authenticate"]) == (401, True)
    assert len(rows) == len({row["LastName"] for row in rows})
    assert saved.items() <= {str(row["LastName"]): row["Id"] for row in rows}.items()
    assert len(broken) <= 8, "only what ran at the replica that was killed is lost"
    assert {str(row["LastName"]) for row in rows} <= saved.keys() | broken
