"""Access tokens from a login of the `sf` command line."""

import asyncio
import json
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from typing import Any, Final

from mcp_salesforce.salesforce.auth import Exchange, Token, checked_secret
from mcp_salesforce.salesforce.errors import AuthenticationError, InvalidArgumentError
from mcp_salesforce.salesforce.wire import origin

SHOW_SECRETS: Final = {"SF_TEMP_SHOW_SECRETS": "true"}
"""What makes newer versions of the command print the token; older ones know nothing of it."""

_ACCESS_TOKEN = re.compile(r"00D\w{12,15}!\S+")
_ALIAS = re.compile(r"[\w.@+-]+")


class SfCliSource:
    """Access tokens of an org that `sf org login` knows; the command renews them itself."""

    def __init__(self, target_org: str, environment: Mapping[str, str]) -> None:
        """Use the login of `target_org`, an alias or a username.

        Args:
            target_org: As `sf org list` shows it.
            environment: The environment variables for the command.

        Raises:
            InvalidArgumentError: `target_org` is no alias and no username.
        """
        if not _ALIAS.fullmatch(target_org) or target_org.startswith("-"):
            raise InvalidArgumentError(f"{target_org[:60]!r} is not an alias or a username of the sf CLI.")
        self._target_org = target_org
        self._environment = {**environment, **SHOW_SECRETS}

    def __repr__(self) -> str:
        return f"<SfCliSource of {self._target_org}>"

    async def token(self, exchange: Exchange, *, refused: Token | None) -> Token:  # noqa: ARG002 - sf calls Salesforce
        """Return the access token that the command gives; it is asked each time, and refreshes an expired one.

        Raises:
            AuthenticationError: There is no such command or login, or it gives no usable token.
        """
        program = shutil.which("sf", path=self._environment.get("PATH"))
        if program is None:
            raise AuthenticationError(
                "The sf command is not on the PATH.", code="SF_CLI", hint="Install the Salesforce CLI."
            )
        command = (program, "org", "display", "--json", "--target-org", self._target_org)
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, env=self._environment
            )
        except OSError as error:
            raise AuthenticationError(f"The sf command does not start: {error.strerror}.", code="SF_CLI") from None
        try:
            output, _ = await process.communicate()
        finally:
            await _end(process)
        token = self._read(output)
        if refused is not None and token.access_token == refused.access_token:
            raise AuthenticationError(
                "The sf CLI still gives the access token that Salesforce refuses.", code="SF_CLI", hint=self._log_in
            )
        return token

    @property
    def _log_in(self) -> str:
        return f"Log in again: sf org login web --alias {self._target_org}"

    def _read(self, output: bytes) -> Token:
        try:
            answer: Any = json.loads(output)
            result = answer.get("result") or {}
            access_token, instance_url = result.get("accessToken"), result.get("instanceUrl")
            cause = "" if answer.get("status") == 0 else str(answer.get("name") or "unknown error")
        except (ValueError, AttributeError):
            raise AuthenticationError("The sf command printed no JSON that it documents.", code="SF_CLI") from None
        if cause:
            raise AuthenticationError(
                f"The sf CLI has no login for {self._target_org}: {cause}.", code="SF_CLI", hint=self._log_in
            )
        if not isinstance(access_token, str) or not _ACCESS_TOKEN.fullmatch(access_token):
            raise AuthenticationError(
                "The sf CLI shows no access token.", code="SF_CLI", hint="Update it: npm install -g @salesforce/cli"
            )
        try:
            return Token(checked_secret(access_token, "access token"), origin(str(instance_url)))
        except InvalidArgumentError as error:
            raise AuthenticationError(f"The sf CLI gave what cannot be used: {error.message}", code="SF_CLI") from None


async def _end(process: Process) -> None:
    """Leave no process behind when the caller stops waiting."""
    if process.returncode is None:
        process.kill()
        await process.wait()
