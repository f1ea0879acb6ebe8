"""Whether a contact is the person that somebody means: by e-mail address, phone number and name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mcp_salesforce.salesforce import SObjectDescribe
from mcp_salesforce.salesforce.api.queries import querying, records_in
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.people import folded_words, is_same_number, phone_pattern, spelt_otherwise

_NAMES = ("Id", "Name", "FirstName", "LastName", "Email", "Phone", "Account.Name")
_NOT_OF_THE_PERSON = frozenset({"Fax", "AssistantPhone"})
_MOST = 200


class Alike(Enum):
    """How a contact compares with the person who is sought."""

    SURE = "sure"
    LIKELY = "likely"
    SIMILAR = "similar"


class _Names(Enum):
    SAME = "same"
    FITTING = "fitting"
    OTHER = "other"
    NOT_GIVEN = "not given"


@dataclass(frozen=True, slots=True)
class Match:
    """A contact, what it has in common with the person who is sought, and what follows from that."""

    record: Mapping[str, Any]
    by: Sequence[str]
    alike: Alike


@dataclass(frozen=True, slots=True)
class Sought:
    """Who is sought, in the fields of an org's contacts.

    Attributes:
        values: What is known of the person, by field.
        emails: The contact's fields with e-mail addresses.
        phones: Those with numbers of the person.
    """

    values: Mapping[str, Any]
    emails: Sequence[str]
    phones: Sequence[str]

    @classmethod
    async def of(cls, org: OrgSession, values: Mapping[str, Any]) -> "Sought":
        """Return who `values` describe, with the fields that a policy lets be compared."""
        described = await org.schema.describe("Contact")
        shown = await org.shown("Contact", [*_of_type(described, "email"), *_of_type(described, "phone")])
        phones = [name for name in _of_type(described, "phone") if name in shown and name not in _NOT_OF_THE_PERSON]
        return cls(values, [name for name in _of_type(described, "email") if name in shown], phones)

    async def matches(self, org: OrgSession) -> list[Match]:
        """Return the contacts that have something in common with the person, the surest first.

        Raises:
            SalesforceError: The org refused a query, or a policy hides what would be compared.
        """
        columns = list(dict.fromkeys([*await org.shown("Contact", _NAMES), *self.emails, *self.phones]))
        records = await self._read(org, columns, self._conditions())
        is_found = any(self._names(each) is _Names.SAME for each in records)
        if self._name() and not is_found and (alike := await spelt_otherwise(org, self._name())):
            records += await self._read(org, columns, [f"Id IN {quote_list(alike)}"])
        distinct = {record["Id"]: record for record in records}
        found = [match for record in distinct.values() if (match := self._match(record))]
        return sorted(found, key=lambda match: [*Alike].index(match.alike))

    def has_contact_data(self) -> bool:
        """Tell whether an e-mail address or a number is known."""
        return bool(self._given(self.emails) or self._given(self.phones))

    def missing_in(self, record: Mapping[str, Any]) -> list[str]:
        """Return the fields whose values `record` does not have; a number or an address may be in another field."""
        return [name for name, value in self.values.items() if not self._has(record, name, str(value))]

    def _has(self, record: Mapping[str, Any], name: str, value: str) -> bool:
        if name in self.phones:
            return any(is_same_number(str(record.get(each) or ""), value) for each in self.phones)
        fields = self.emails if name in self.emails else [name]
        return value.casefold() in {str(record.get(each) or "").casefold() for each in fields}

    def _conditions(self) -> list[str]:
        conditions = []
        if addresses := self._given(self.emails):
            conditions.append(" OR ".join(f"{name} IN {quote_list(addresses)}" for name in self.emails))
        if numbers := self._given(self.phones):
            pairs = [f"{name} LIKE {phone_pattern(number)}" for number in numbers for name in self.phones]
            conditions.append(" OR ".join(pairs))
        if last := self.values.get("LastName"):
            conditions.append(f"LastName = {quote(last)}{self._first_condition()}")
        return conditions

    def _first_condition(self) -> str:
        first = str(self.values.get("FirstName") or "")
        return f" AND (FirstName = null OR FirstName LIKE {quote(f'{first[0]}%')})" if first else ""

    async def _read(self, org: OrgSession, columns: Sequence[str], conditions: Sequence[str]) -> list[dict[str, Any]]:
        queries = [
            f"SELECT {', '.join(columns)} FROM Contact WHERE {each} ORDER BY CreatedDate DESC LIMIT {_MOST}"  # noqa: S608
            for each in conditions
        ]
        outcomes = await org.client.composite.run([querying(soql) for soql in queries]) if queries else ()
        return [record for outcome in outcomes for record in records_in(outcome)]

    def _match(self, record: Mapping[str, Any]) -> Match | None:
        """Return what `record` has in common; None where it is nothing, or only a part of the name."""
        addresses = {str(each).strip().casefold() for each in self._given(self.emails)}
        by_email = [name for name in self.emails if str(record.get(name) or "").strip().casefold() in addresses]
        by_phone = [
            name
            for name in self.phones
            if any(is_same_number(str(record.get(name) or ""), number) for number in self._given(self.phones))
        ]
        names = self._names(record)
        by = [*by_email, *by_phone, *(["Name"] if names in {_Names.SAME, _Names.FITTING} else [])]
        if by_email or by_phone:
            if names is not _Names.OTHER:
                return Match(record, by, Alike.SURE)
            return Match(record, by, Alike.LIKELY if by_email else Alike.SIMILAR)
        if names is _Names.SAME:
            return Match(record, by, Alike.LIKELY if self.has_contact_data() else Alike.SURE)
        if names is _Names.FITTING:
            is_all = not self.values.get("FirstName") and not self.has_contact_data()
            return Match(record, by, Alike.LIKELY if is_all else Alike.SIMILAR)
        return None

    def _names(self, record: Mapping[str, Any]) -> _Names:
        """Tell how the name of `record` compares: an initial or no first name fits, another first name does not."""
        last = "".join(folded_words(str(self.values.get("LastName") or "")))
        if not last:
            return _Names.NOT_GIVEN
        first = folded_words(str(self.values.get("FirstName") or ""))
        others = folded_words(str(record.get("FirstName") or ""))
        if last != "".join(folded_words(str(record.get("LastName") or ""))):
            return _Names.OTHER
        if first and others:
            if "".join(first) == "".join(others):
                return _Names.SAME
            return _Names.FITTING if _begins(first, others) or _begins(others, first) else _Names.OTHER
        return _Names.FITTING

    def _name(self) -> str:
        return " ".join(filter(None, [self.values.get("FirstName"), self.values.get("LastName")]))

    def _given(self, names: Sequence[str]) -> list[str]:
        return [str(self.values[name]) for name in names if self.values.get(name)]


def _of_type(described: SObjectDescribe, kind: str) -> list[str]:
    return [field.name for field in described.fields if field.type == kind and field.filterable]


def _begins(short: Sequence[str], whole: Sequence[str]) -> bool:
    """Tell whether a first name may be short for another: `A.` for `Ada`, `Anna` for `Anna Maria`."""
    pairs = zip(short, whole, strict=False)
    return len(short) <= len(whole) and all(a == b or (len(a) == 1 and b.startswith(a)) for a, b in pairs)
