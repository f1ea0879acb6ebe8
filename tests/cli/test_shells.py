"""Lines that are printed run as they stand, in the shell that the command was started in."""

import json
import subprocess

import pytest

from mcp_salesforce.cli.shells import Shell, shell_at_hand, typed

ENTRY = json.dumps({"name": "salesforce", "args": ["C:\\my tools", "o'neil"]})
WORDS = (
    "plain", "a b", "o'neil", "--", "$HOME", "`id`", "%PATH%", "a;b", "a&b", "*",
    "~", "", "\\", "\u00e4", "-e", "A=b c", ENTRY,
)  # fmt: skip
OF_ALL = r"C:\Program Files\WindowsPowerShell\Modules;C:\Windows\system32\WindowsPowerShell\v1.0\Modules"


@pytest.mark.parametrize("word", WORDS)
def test_a_posix_shell_gives_the_program_each_word_as_it_is(word: str) -> None:
    line = typed(["printf", "%s\\0", word, "end"], Shell.POSIX)

    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)

    assert done.stdout == f"{word}\0end\0"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["claude", "mcp", "add", "salesforce", "--", "uv"], "claude mcp add salesforce '--' uv"),
        ([r"C:\Program Files\uv.exe", "run"], r"& 'C:\Program Files\uv.exe' run"),
        ([r"C:\Users\o'neil\uv.exe", "run"], r"& 'C:\Users\o''neil\uv.exe' run"),
        (["code", "--add-mcp", '{"name": "a"}'], """code --add-mcp '{\\"name\\": \\"a\\"}'"""),
        (["uv", "$HOME", "@a", ""], "uv '$HOME' '@a' ''"),
    ],
)
def test_powershell_gets_its_own_quotes(words: list[str], line: str) -> None:
    assert typed(words, Shell.POWERSHELL) == line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["claude", "mcp", "add", "salesforce", "--", "uv"], "claude mcp add salesforce -- uv"),
        ([r"C:\Program Files\uv.exe", "run"], r'"C:\Program Files\uv.exe" run'),
        ([r"C:\Users\o'neil\uv.exe", "run"], r"C:\Users\o'neil\uv.exe run"),
        (["code", "--add-mcp", '{"name": "a"}'], r'code --add-mcp "{\"name\": \"a\"}"'),
        (["uv", "a&b", "(x86)", ""], 'uv "a&b" "(x86)" ""'),
    ],
)
def test_the_command_prompt_gets_double_quotes(words: list[str], line: str) -> None:
    assert typed(words, Shell.COMMAND_PROMPT) == line


@pytest.mark.parametrize(
    ("system", "variables", "shell"),
    [
        ("posix", {"PSModulePath": "~/.local/share/powershell/Modules"}, Shell.POSIX),
        ("nt", {}, Shell.COMMAND_PROMPT),
        ("nt", {"USERPROFILE": r"C:\Users\ana", "PSModulePath": OF_ALL}, Shell.COMMAND_PROMPT),
        ("nt", {"USERPROFILE": r"C:\Users\ana", "PSModulePath": r"C:\Users\Ana\Documents\PowerShell\Modules;" + OF_ALL},
         Shell.POWERSHELL),
        ("nt", {"USERPROFILE": r"C:\Users\ana",
                "PSModulePath": r"C:\Users\ana\Documents\WindowsPowerShell\Modules;" + OF_ALL}, Shell.POWERSHELL),
        ("nt", {"MSYSTEM": "MINGW64", "USERPROFILE": r"C:\Users\ana", "PSModulePath": OF_ALL}, Shell.POSIX),
    ],
)  # fmt: skip
def test_the_shell_is_known_by_what_it_leaves_in_the_environment(
    system: str, variables: dict[str, str], shell: Shell
) -> None:
    assert shell_at_hand(system, variables) == shell
