"""Steps of the demo about safety: a person approves what deletes several records, and it is undone."""

from mcp_salesforce.cli.demo.agent import NEWEST, Agent, check, ids_in

GONE = "ENTITY_IS_DELETED"


async def delete_with_approval(agent: Agent) -> str:
    """Delete the new contact and the one before it, which a person has to approve."""
    ids = ids_in(await agent.ask("salesforce_query", quietly=True, soql=NEWEST))[:2]
    check(agent.contact_id in ids, "the new contact is not among the newest")
    answer = await agent.ask("salesforce_delete_records", sobject="Contact", record_ids=ids)
    agent.change_id = answer["change_id"]
    also = answer.get("also_deleted", {})
    agent.screen.properties({"also_deleted": also, "change_id": agent.change_id})
    check(answer["succeeded"] == len(ids), f"{answer['succeeded']} contacts were deleted, not {len(ids)}")
    check(also.get("Event", 0) > 0, "it does not say that the appointment was deleted with its contact")
    for contact in ids:
        error = await agent.ask_wrongly("salesforce_get_contact", quietly=True, contact_id=contact)
        check(error["code"] == GONE, f"{contact} is {error['code']}")
    return "a person approved it; the contacts are in the recycle bin, their appointments too"


async def undo_the_deletion(agent: Agent) -> str:
    """Undo the deletion, and check that the contact and its appointment are back."""
    answer = await agent.ask("salesforce_undo", change_id=agent.change_id)
    agent.screen.properties({name: answer[name] for name in ("undid", "undone", "note") if name in answer})
    check(answer["undid"] == agent.change_id, f"{answer['undid']} was undone")
    check(not answer.get("kept") and not answer.get("failed"), "a part of it was not undone")
    await agent.ask("salesforce_get_contact", quietly=True, contact_id=agent.contact_id)
    appointment = await agent.ask("salesforce_get_appointment", quietly=True, event_id=agent.event_id)
    check(appointment["WhoId"] == agent.contact_id, "the appointment has another contact")
    return "the contact is back, and its appointment with it"
