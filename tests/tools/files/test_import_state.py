"""What is known of an import."""

from typing import Any

from mcp_salesforce.tools.files.import_state import ImportState


def test_an_undo_of_all_names_each_earlier_change_once() -> None:
    state = ImportState("contacts.csv", "Contact", "insert", "")
    for change_id in ("a1", "a1", "b2", "b2", "c3"):
        state.note_change(change_id)

    assert (state.change_id, state.earlier) == ("c3", ["a1", "b2"])
    assert state.undo_note == "To undo all of it, undo these changes too: b2, a1."


def test_an_approval_holds_for_the_cells_that_were_shown_only() -> None:
    fixes: list[dict[str, dict[str, Any] | None]] = [
        {}, {"7": {"Email": "ada@acme.example"}}, {"7": {"Email": "eve@acme.example"}}, {"7": None}, {"8": None},
    ]  # fmt: skip
    states = [ImportState("contacts.csv", "Contact", "insert", "", fixes=each) for each in fixes]

    assert len({state.work(1).key_value for state in states}) == len(fixes)
    assert not any("@" in state.work(1).key_value for state in states)
