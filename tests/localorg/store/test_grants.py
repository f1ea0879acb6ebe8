"""What a file org keeps of OAuth."""

from pathlib import Path

from mcp_salesforce.localorg import LocalOrg


def test_a_file_org_keeps_its_secrets_and_refresh_tokens_but_not_its_sessions(tmp_path: Path) -> None:
    with LocalOrg.open(tmp_path / "org.db", seed=False) as org:
        before, key = org.credentials, org.oauth.jwt_private_key()
    with LocalOrg.open(tmp_path / "org.db", seed=False) as org:
        after = org.credentials

        assert (after.client_id, after.client_secret, after.password) == (
            before.client_id,
            before.client_secret,
            before.password,
        )
        assert after.refresh_token == before.refresh_token
        assert org.oauth.jwt_private_key() == key
        assert org.sessions.find(before.access_token) is None


def test_two_orgs_have_no_secret_in_common() -> None:
    with LocalOrg.open(seed=False) as first, LocalOrg.open(seed=False) as second:
        assert first.credentials.client_secret != second.credentials.client_secret
        assert first.credentials.refresh_token != second.credentials.refresh_token
        assert first.credentials.password != second.credentials.password
