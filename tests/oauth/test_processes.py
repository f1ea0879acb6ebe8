"""The command itself, as a team runs it: two replicas on one store, of which one is killed and started again."""

from pathlib import Path

import anyio
import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.oauth.processes import PATIENCE_S, log_in, replicas
from tests.store.valkey_server import running

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.valkey]


async def test_a_login_is_that_of_every_replica_survives_a_kill_and_is_in_no_log(org: LocalOrg, tmp_path: Path) -> None:
    org.oauth.rotate_refresh_tokens = True
    log = tmp_path / "log"
    with (
        org.listening() as org_url,
        running(tmp_path) as store,
        replicas(org, org_url, store, tmp_path) as (one, other),
    ):
        async with httpx2.AsyncClient(timeout=PATIENCE_S) as http:
            for each in (one, other):
                await each.ready(http)
            tokens = await log_in(http, one.url, other.url, org_url)
            bearer = tokens["access_token"]
            for _ in range(2):
                answers = [await each.call(http, bearer) for each in (one, other, one, other)]
                assert [org.user_id in each.text for each in answers] == [True] * 4
                org.expire_sessions()

            one.kill()
            assert org.user_id in (await other.call(http, bearer)).text
            one.start()
            await one.ready(http)
            assert org.user_id in (await one.call(http, bearer)).text

            form = {"grant_type": "refresh_token", "client_id": tokens["client_id"]}
            new = await http.post(f"{one.url}/token", data=form | {"refresh_token": tokens["refresh_token"]})
            assert org.user_id in (await other.call(http, new.json()["access_token"])).text
            ended = await http.post(f"{other.url}/revoke", data={"token": new.json()["refresh_token"]})
            assert ended.status_code == 200
            assert (await other.call(http, bearer)).status_code in {200, 401}
            await anyio.sleep(5.5)
            assert [(await each.call(http, bearer)).status_code for each in (one, other)] == [401, 401]

    said = log.read_text()
    assert "path=/token" in said
    grants = [tokens[name] for name in ("access_token", "refresh_token", "code")]
    secrets = [*grants, *new.json().values(), org.credentials.client_secret, "password/of", "a%3Apassword"]
    assert not [each for each in secrets if isinstance(each, str) and len(each) > 10 and each in said]
