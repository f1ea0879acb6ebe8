"""Whether the names in a query exist, by what is remembered of the org: a check costs a good query no call."""

from collections.abc import Sequence

from mcp_salesforce.salesforce import InvalidArgumentError, InvalidRequestError, SalesforceError, SObjectDescribe
from mcp_salesforce.salesforce.describe_cache import OrgSchema
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.soql import Query
from mcp_salesforce.soql_names import NAME, Meaning, Unknown, meaning_of
from mcp_salesforce.spelling import did_you_mean, nearest

_ANY_KIND = "Here you can select only Id, Name and Type. For other fields use TYPEOF Who WHEN Contact THEN Email END."
_LISTED = "Look up the names with salesforce_describe. Custom ones end in __c, their relationships in __r."
_TOLD = 4  # wrong names that one error lists


async def check_names(query: Query, schema: OrgSchema) -> None:
    """Refuse `query` before it is sent if it has a name that cannot be right.

    Objects that are not remembered are not described for it: a good query costs no call more, and a bad one the org
    refuses itself. Before a refusal here the org is asked whether its metadata has changed: one call, in the place of
    the query's. What describe may hide (an object, a field of any of several objects) is left to the org.

    Raises:
        InvalidArgumentError: INVALID_FIELD, with the nearest names.
    """

    async def remembered(name: str) -> SObjectDescribe | None:
        return schema.remembered(name)

    async def confirmed(name: str) -> SObjectDescribe | None:
        if schema.remembered(name) is None:
            return None
        try:
            return await schema.describe(name, max_age_s=0)
        except SalesforceError:
            return None

    if _surely_wrong(await meaning_of(query, remembered)):
        meaning = await meaning_of(query, confirmed)
        if wrong := _surely_wrong(meaning):
            raise await wrong_names(wrong, schema)


async def explained(query: Query, schema: OrgSchema) -> InvalidArgumentError | None:
    """Return why the org refused the names in `query`: every wrong one with those like it; None if all seem right."""

    async def described(name: str) -> SObjectDescribe | None:
        try:
            return await schema.describe(name)
        except InvalidRequestError:
            return None

    try:
        wrong = (await meaning_of(query, described)).unknown
        return await wrong_names(wrong, schema) if wrong else None
    except SalesforceError:
        return None  # an explanation is not worth a second error


async def wrong_names(unknown: Sequence[Unknown], schema: OrgSchema) -> InvalidArgumentError:
    """Return the error for names that describe does not know, with the nearest ones."""
    told = list({(one.kind, one.name, one.sobject): one for one in unknown}.values())[:_TOLD]
    near = [await _near(one, schema) for one in told]
    if len(told) == 1:
        hint = did_you_mean(near[0])
    else:
        hint = " ".join(f"{one.name}: {' or '.join(names)}?" for one, names in zip(told, near, strict=True) if names)
    return refused(
        "; ".join(map(_worded, told)),
        code="INVALID_TYPE" if told[0].kind == "object" else "INVALID_FIELD",
        hint=hint or (_ANY_KIND if all(one.sobject == NAME for one in told) else _LISTED),
        fields=[one.name for one in told if one.kind != "object"],
    )


def _surely_wrong(meaning: Meaning) -> list[Unknown]:
    """Return the fields that their objects' describes do not have; objects and relationships may be hidden in them."""
    return [
        one
        for one in meaning.unknown
        if one.kind == "field" and one.sobject != NAME and not one.name.startswith("FIELDS(")
    ]


def _worded(unknown: Unknown) -> str:
    match unknown.kind:
        case "object":
            return f"sObject type '{unknown.name}' is not supported."
        case "field":
            return f"No such column '{unknown.name}' on entity '{unknown.sobject}'"
        case kind:
            return f"No {kind} '{unknown.name}' on '{unknown.sobject}'"


async def _near(unknown: Unknown, schema: OrgSchema) -> list[str]:
    if unknown.kind == "object":
        return await schema.nearest(unknown.name)
    described = schema.remembered(unknown.sobject)
    if described is None:
        return []
    match unknown.kind:
        case "field":
            names = {text: field.name for field in described.fields for text in (field.label, field.name)}
        case "relationship":
            names = {
                field.relationship_name: field.relationship_name
                for field in described.fields
                if field.relationship_name
            }
        case _:
            children = [child.relationship_name for child in described.child_relationships if child.relationship_name]
            names = dict(zip(children, children, strict=True))
    return list(dict.fromkeys(names[text] for text in nearest(unknown.name, names)))
