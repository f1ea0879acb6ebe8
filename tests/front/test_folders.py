"""The user's folders: those of platformdirs, on each system."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from mcp_salesforce.front import folders

SYSTEMS = {"linux": Unix, "darwin": MacOS}
PATHS = st.sampled_from(["", "/home/ana", "/home/ana/", "/", " /x", "/x ", "relative", "~/x", "/a b/\u00e9", "//x"])


@pytest.mark.skipif(sys.platform == "win32", reason="the classes of Unix need its modules")
@pytest.mark.parametrize("kind", ["config", "data", "cache"])
@pytest.mark.parametrize("system", sorted(SYSTEMS))
@given(named=PATHS, home=PATHS)
def test_what_is_certain_is_what_platformdirs_says(system: str, kind: str, named: str, home: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "platform", system)
        patch.setenv(f"XDG_{kind.upper()}_HOME", named)
        patch.setenv("HOME", home)

        found = folders._certain(kind, os.environ)

        if found:
            assert found == getattr(SYSTEMS[system](folders.APP, appauthor=False), f"user_{kind}_dir")
        else:
            assert named or not home.startswith("/")


@pytest.mark.parametrize(
    ("system", "variable"), [("win32", "LOCALAPPDATA"), ("linux", "ANDROID_ROOT"), ("ios", "HOME")]
)
def test_where_more_decides_platformdirs_is_asked(monkeypatch: pytest.MonkeyPatch, system: str, variable: str) -> None:
    monkeypatch.setattr(sys, "platform", system)

    assert not folders._certain("config", {"HOME": "/home/ana", variable: "/x"})


def test_the_file_of_settings_is_in_the_folder_for_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/ana")

    assert folders.env_file(os.environ) == str(Path("/etc/ana/mcp-salesforce/.env"))
