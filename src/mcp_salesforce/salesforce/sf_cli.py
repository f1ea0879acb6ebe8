"""Access tokens from a login of the `sf` command line."""

import asyncio
import json
import re
import shlex
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from typing import Any, Final

from mcp_salesforce.salesforce.auth import HttpExchange, Token, checked_secret
from mcp_salesforce.salesforce.errors import AuthenticationError, InvalidArgumentError
from mcp_salesforce.salesforce.wire import origin

SHOW_SECRETS: Final = {"SF_TEMP_SHOW_SECRETS": "true"}
"""What makes newer versions of the command print the token; older ones know nothing of it."""

_ACCESS_TOKEN = re.compile(r"00D\w{12,15}!\S+")
_ALIAS = re.compile(r"[^-\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,254}")
_COLOUR = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_COLOURS: Final = ("FORCE_COLOR", "CLICOLOR_FORCE", "COLORTERM")
_PLAIN: Final = {"NO_COLOR": "1", "SF_USE_PROGRESS_BAR": "false", "SF_AUTOUPDATE_DISABLE": "true"}


class SfCliSource:
    """Access tokens of an org that `sf org login` knows; the command renews them itself."""

    def __init__(self, target_org: str, environment: Mapping[str, str]) -> None:
        """Use the login of `target_org`, an alias or a username.

        Args:
            target_org: As `sf org list` shows it.
            environment: The environment variables for the command.

        Raises:
            InvalidArgumentError: `target_org` is neither an alias nor a username.
        """
        if not _ALIAS.fullmatch(target_org):
            raise InvalidArgumentError(f"{target_org[:60]!r} is not an alias or a username of the sf CLI.")
        self._target_org = target_org
        kept = {name: value for name, value in environment.items() if name not in _COLOURS}
        self._environment = {**kept, **_PLAIN, **SHOW_SECRETS}

    def __repr__(self) -> str:
        return f"<SfCliSource of {self._target_org}>"

    async def token(self, exchange: HttpExchange, *, refused: Token | None) -> Token:  # noqa: ARG002 - sf calls Salesforce
        """Return the access token that the command gives; it is asked each time, and refreshes an expired one.

        Raises:
            AuthenticationError: There is no such command or login, or it gives no usable token.
        """
        program = shutil.which("sf", path=self._environment.get("PATH"))
        if program is None:
            raise AuthenticationError(
                "The sf command is not on the PATH.", code="SF_CLI", hint="Install the Salesforce CLI."
            )
        shown = self._result(await self._run(program, "org", "display"))
        if not _is_token(shown.get("accessToken")):  # hidden, as newer versions do; this command shows it
            told = self._result(await self._run(program, "org", "auth", "show-access-token", "--no-prompt"), {})
            shown = {**shown, "accessToken": told.get("accessToken")}
        token = self._read(shown)
        if refused is not None and token.access_token == refused.access_token:
            raise AuthenticationError(
                "The sf CLI still gives the access token that Salesforce refuses.", code="SF_CLI", hint=self._log_in
            )
        return token

    async def _run(self, program: str, *words: str) -> bytes:
        options = ("--json", "--target-org", self._target_org)
        try:
            process = await asyncio.create_subprocess_exec(
                program, *words, *options, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, env=self._environment
            )
        except OSError as error:
            raise AuthenticationError(f"The sf command does not start: {error.strerror}.", code="SF_CLI") from None
        try:
            output, _ = await process.communicate()
        finally:
            await _end(process)
        return output

    @property
    def _log_in(self) -> str:
        return f"Log in again: sf org login web --alias {shlex.quote(self._target_org)}"

    def _result(self, output: bytes, otherwise: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what a command printed as its result; `otherwise` where it failed and that is given."""
        answer = _answer(output)
        if answer is not None and answer.get("status") == 0:
            result = answer.get("result")
            return result if isinstance(result, dict) else {}
        if otherwise is not None:
            return otherwise
        if answer is None:
            raise AuthenticationError("The sf command did not print the documented JSON.", code="SF_CLI")
        cause = str(answer.get("name") or "unknown error")
        raise AuthenticationError(
            f"The sf CLI has no login for {self._target_org}: {cause}.", code="SF_CLI", hint=self._log_in
        )

    def _read(self, result: dict[str, Any]) -> Token:
        access_token, instance_url = result.get("accessToken"), result.get("instanceUrl")
        if not isinstance(access_token, str) or not _is_token(access_token):
            raise AuthenticationError(
                "The sf CLI shows no access token.", code="SF_CLI", hint="Update it: npm install -g @salesforce/cli"
            )
        try:
            return Token(checked_secret(access_token, "access token"), origin(str(instance_url)))
        except InvalidArgumentError as error:
            raise AuthenticationError(f"The sf CLI gave what cannot be used: {error.message}", code="SF_CLI") from None


def _is_token(value: object) -> bool:
    return isinstance(value, str) and _ACCESS_TOKEN.fullmatch(value) is not None


def _answer(output: bytes) -> dict[str, Any] | None:
    """Return the last JSON object with a status; lines of plugins can stand before it, and colours in it."""
    text = _COLOUR.sub(b"", output).decode("utf-8-sig", "replace")
    found, decoder, end = None, json.JSONDecoder(), 0
    for start in (match.start() for match in re.finditer(r"^\s*\{", text, re.MULTILINE)):
        if start < end:
            continue  # inside the object before
        try:
            value, end = decoder.raw_decode(text, text.index("{", start))
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "status" in value:
            found = value
    return found


async def _end(process: Process) -> None:
    """Leave no process behind when the caller stops waiting."""
    if process.returncode is None:
        process.kill()
        await process.wait()
