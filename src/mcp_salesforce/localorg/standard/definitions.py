"""How an object and its fields are defined, and the short forms the standard objects are written in.

A field is one line: its API name, its label, and letters for what a describe says of it:
`C` createable, `U` updateable, `N` nillable, `D` defaultedOnCreate, `P` permissionable, `L` idLookup,
`R` restricted picklist. Everything else follows from the type, or is named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

FIELD_TYPES: Final[Mapping[str, tuple[str, str, str]]] = {
    # type: (soapType, what a field of it can do, SQLite's type)
    # A aggregatable, F filterable, G groupable, S sortable
    "address": ("urn:address", "F", ""),
    "base64": ("xsd:base64Binary", "", "TEXT"),
    "boolean": ("xsd:boolean", "FGS", "INTEGER"),
    "combobox": ("xsd:string", "AFS", "TEXT COLLATE NOCASE"),
    "currency": ("xsd:double", "AFS", "REAL"),
    "date": ("xsd:date", "AFGS", "TEXT"),
    "datetime": ("xsd:dateTime", "AFS", "TEXT"),
    "double": ("xsd:double", "AFS", "REAL"),
    "email": ("xsd:string", "AFGS", "TEXT COLLATE NOCASE"),
    "id": ("tns:ID", "AFGS", "TEXT"),
    "int": ("xsd:int", "AFGS", "INTEGER"),
    "multipicklist": ("xsd:string", "F", "TEXT COLLATE NOCASE"),
    "percent": ("xsd:double", "AFS", "REAL"),
    "phone": ("xsd:string", "AFGS", "TEXT COLLATE NOCASE"),
    "picklist": ("xsd:string", "AFGS", "TEXT COLLATE NOCASE"),
    "reference": ("tns:ID", "AFGS", "TEXT"),
    "string": ("xsd:string", "AFGS", "TEXT COLLATE NOCASE"),
    "textarea": ("xsd:string", "", "TEXT COLLATE NOCASE"),
    "time": ("xsd:time", "AFGS", "TEXT"),
    "url": ("xsd:string", "AFGS", "TEXT COLLATE NOCASE"),
}

CONTROLLED_BY_PARENT: Final = "ControlledByParent"
"""The org-wide default of an object whose records are seen and changed with those that they belong to."""


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """One value of a picklist; `label` is what people see."""

    value: str
    label: str
    default: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDef:
    """One field of an object: what a describe says of it, and what the store and the rules need.

    `display_format` is of an automatic number: zeros in braces stand for its digits (`V-{0000}`). `master_order` is
    of a reference to a master: 0 for the primary one, 1 for the second.
    """

    name: str
    label: str
    type: str
    length: int = 0
    bytes_a_character: int = 3
    createable: bool = False
    updateable: bool = False
    nillable: bool = False
    defaulted_on_create: bool = False
    permissionable: bool = False
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    id_lookup: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    name_field: bool = False
    auto_number: bool = False
    display_format: str = "{0}"
    custom: bool = False
    digits: int = 0
    precision: int = 0
    scale: int = 0
    picklist_values: tuple[PicklistValue, ...] = ()
    restricted: bool = False
    default: str | bool | float | None = None
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    name_pointing: bool = False
    child_relationship: str | None = None
    cascade_delete: bool = False
    restricted_delete: bool = False
    master_order: int | None = None
    search_prefilterable: bool = False
    compound: str | None = None
    extra_type_info: str | None = None

    @property
    def polymorphic(self) -> bool:
        """Tell whether the reference can name records of several objects."""
        return self.name_pointing

    @property
    def stored(self) -> bool:
        """Tell whether the field has a column; an address is put together from its parts."""
        return self.type != "address"

    @property
    def required(self) -> bool:
        """Tell whether a record must be created with a value for this field."""
        return self.createable and not self.nillable and not self.defaulted_on_create and self.type != "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTypeDef:
    """A kind of records of one object; `default` where new records are of it.

    `record_id` is empty where the org is to give it an Id. `values` are those of picklists that its records may have,
    by the field's name; of a field that is not there, all.
    """

    record_id: str = ""
    name: str
    developer_name: str
    active: bool = True
    available: bool = True
    default: bool = False
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, kw_only=True)
class SObjectDef:
    """One object: its names, its key prefix, its fields in describe order, and what can be done with it.

    `hidden_columns` are the store's own: no client sees them. `sharing` is the org-wide default, as
    EntityDefinition.InternalSharingModel has it, or `Setup` for what everybody may see and administrators change; where
    the Organization record has a default of the object, that one counts. `controlled_by` names the references to the
    records that decide who can see and change a record. `shares` is the object whose records the rows of a share
    object give away.
    """

    name: str
    label: str
    label_plural: str
    key_prefix: str
    fields: tuple[FieldDef, ...]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    queryable: bool = True
    searchable: bool = True
    custom: bool = False
    mergeable: bool = False
    feed_enabled: bool = False
    mru_enabled: bool = True
    layoutable: bool = True
    triggerable: bool = True
    deep_cloneable: bool = False
    scopes: tuple[tuple[str, str], ...] = ()
    hidden_columns: tuple[str, ...] = ()
    record_types: tuple[RecordTypeDef, ...] = ()
    sharing: str = "ReadWrite"
    controlled_by: tuple[str, ...] = ()
    shares: str = ""
    by_name: Mapping[str, FieldDef] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name.lower(): each for each in self.fields})

    @property
    def default_record_type(self) -> RecordTypeDef | None:
        """Return the record type of a new record that names none; None for the master one."""
        return next((each for each in self.record_types if each.default), None)

    @property
    def name_field(self) -> FieldDef | None:
        """Return the field that names a record (`Name`, `Subject`, `CaseNumber`), if the object has one."""
        return next((each for each in self.fields if each.name_field), None)

    def field(self, name: str) -> FieldDef | None:
        """Return a field by its API name in any case, or None."""
        return self.by_name.get(name.lower())


_LETTERS: Final = {
    "C": "createable",
    "U": "updateable",
    "N": "nillable",
    "D": "defaulted_on_create",
    "P": "permissionable",
    "L": "id_lookup",
    "R": "restricted",
}


def define(type_name: str, name: str, label: str, letters: str, **more: Any) -> FieldDef:  # noqa: ANN401 - see FieldDef
    """Return a field of any type; `letters` as the head of this module says, `more` are attributes of FieldDef."""
    can = FIELD_TYPES[type_name][1]
    kind = {"aggregatable": "A" in can, "filterable": "F" in can, "groupable": "G" in can, "sortable": "S" in can}
    flags = {_LETTERS[letter]: True for letter in letters}
    return FieldDef(name=name, label=label, type=type_name, **(kind | flags | more))


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text: a long list of names, written without quotes."""
    return tuple(text.split())


def record_id(label: str) -> FieldDef:
    """Return the field `Id`."""
    return define("id", "Id", label, "DL", length=18)


def boolean(name: str, label: str, letters: str = "D", **more: Any) -> FieldDef:  # noqa: ANN401 - see FieldDef
    """Return a checkbox; false unless `default` says otherwise."""
    return define("boolean", name, label, letters, **({"default": False} | more))


def string(name: str, label: str, length: int, letters: str = "CUNP", **more: Any) -> FieldDef:  # noqa: ANN401 - see FieldDef
    """Return a one-line text of at most `length` characters."""
    return define("string", name, label, letters, length=length, **more)


def textarea(name: str, label: str, length: int, letters: str = "CUNP", **more: Any) -> FieldDef:  # noqa: ANN401 - see FieldDef
    """Return a text of several lines; up to 255 characters it can be filtered, grouped and sorted."""
    short = length <= 255  # noqa: PLR2004 - Salesforce's limit of a text that is stored with its record
    kind = dict.fromkeys(("aggregatable", "filterable", "groupable", "sortable"), short)
    return define(
        "textarea", name, label, letters, length=length, **(kind | {"extra_type_info": "plaintextarea"} | more)
    )


def phone(name: str, label: str, letters: str = "CUNP") -> FieldDef:
    """Return a telephone number; any text of up to 40 characters."""
    return define("phone", name, label, letters, length=40)


def email(name: str, label: str, letters: str = "CUNP", *, length: int = 80) -> FieldDef:
    """Return an e-mail address."""
    return define("email", name, label, letters, length=length)


def url(name: str, label: str, letters: str = "CUNP", **more: Any) -> FieldDef:  # noqa: ANN401 - see FieldDef
    """Return a web address."""
    return define("url", name, label, letters, length=255, **more)


def image_url(name: str = "PhotoUrl", label: str = "Photo URL") -> FieldDef:
    """Return the read-only address of a record's picture."""
    return url(name, label, "N", extra_type_info="imageurl")


def date(name: str, label: str, letters: str = "CUN", **more: Any) -> FieldDef:  # noqa: ANN401 - see FieldDef
    """Return a calendar day."""
    return define("date", name, label, letters, **more)


def datetime(name: str, label: str, letters: str = "CUN", **more: Any) -> FieldDef:  # noqa: ANN401 - see FieldDef
    """Return an instant."""
    return define("datetime", name, label, letters, **more)


def integer(name: str, label: str, letters: str = "CUN", *, digits: int = 8, **more: Any) -> FieldDef:  # noqa: ANN401 - see FieldDef
    """Return a whole number of at most `digits` digits."""
    return define("int", name, label, letters, digits=digits, **more)


def double(name: str, label: str, letters: str = "CUNP", *, precision: int, scale: int, **more: Any) -> FieldDef:  # noqa: ANN401 - see FieldDef
    """Return a number of `precision` digits, `scale` of them after the point."""
    return define("double", name, label, letters, precision=precision, scale=scale, **more)


def currency(name: str, label: str, letters: str = "CUNP", *, scale: int = 0) -> FieldDef:
    """Return an amount of money."""
    return define("currency", name, label, letters, precision=18, scale=scale)


def percent(name: str, label: str, letters: str = "CUNP", *, precision: int = 3, scale: int = 0) -> FieldDef:
    """Return a percentage: 25 is 25 %."""
    return define("percent", name, label, letters, precision=precision, scale=scale)


Values = Iterable[str | tuple[str, str]]
"""Values of a picklist: an API name, or an API name and the label people see."""


def picklist(
    name: str,
    label: str,
    values: Values,
    letters: str = "CUNP",
    **more: Any,  # noqa: ANN401 - see FieldDef
) -> FieldDef:
    """Return a choice of one value; any other text is taken too unless `R` restricts it."""
    pairs = [(each, each) if isinstance(each, str) else each for each in values]
    choices = tuple(PicklistValue(value, text, value == more.get("default")) for value, text in pairs)
    kind = more.pop("type", "picklist")
    return define(kind, name, label, letters, picklist_values=choices, **({"length": 40} | more))


def reference(
    name: str,
    label: str,
    to: str | tuple[str, ...],
    letters: str = "CUN",
    **more: Any,  # noqa: ANN401 - see FieldDef
) -> FieldDef:
    """Return a look-up of one record of `to`; several objects make it polymorphic."""
    targets = (to,) if isinstance(to, str) else to
    kind = {
        "length": 18,
        "reference_to": targets,
        "relationship_name": name.removesuffix("Id"),
        "name_pointing": len(targets) > 1,
        "search_prefilterable": not {"User", "RecordType"} & set(targets) and name != "MasterRecordId",
    }
    return define("reference", name, label, letters, **(kind | more))


GEOCODE_ACCURACY: Final = words(
    "Address NearAddress Block Street ExtendedZip Zip Neighborhood City County State Unknown"
)


def address(prefix: str = "") -> tuple[FieldDef, ...]:
    """Return the nine fields of an address: its parts, and the compound that reads them together."""
    compound = f"{prefix}Address"
    label = f"{prefix} ".lstrip()
    return (
        textarea(f"{prefix}Street", f"{label}Street", 255, compound=compound),
        string(f"{prefix}City", f"{label}City", 40, compound=compound),
        string(f"{prefix}State", f"{label}State/Province", 80, compound=compound),
        string(f"{prefix}PostalCode", f"{label}Zip/Postal Code", 20, compound=compound),
        string(f"{prefix}Country", f"{label}Country", 80, compound=compound),
        double(f"{prefix}Latitude", f"{label}Latitude", precision=18, scale=15, compound=compound),
        double(f"{prefix}Longitude", f"{label}Longitude", precision=18, scale=15, compound=compound),
        picklist(f"{prefix}GeocodeAccuracy", f"{label}Geocode Accuracy", GEOCODE_ACCURACY, "CUNPR", compound=compound),
        define("address", compound, f"{label}Address", "NP"),
    )


SALUTATIONS: Final = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.")


def person_name(salutations: Values = SALUTATIONS) -> tuple[FieldDef, ...]:
    """Return the parts of a person's name and the read-only `Name` that joins them."""
    part = {"compound": "Name", "extra_type_info": "personname"}
    return (
        string("LastName", "Last Name", 80, "CU", **part),
        string("FirstName", "First Name", 40, "CUN", **part),
        picklist("Salutation", "Salutation", salutations, "CUN", **part),
        string("Name", "Full Name", 121, "", name_field=True, extra_type_info="personname"),
    )


IS_DELETED: Final = boolean("IsDeleted", "Deleted")

AUDIT: Final = (
    datetime("CreatedDate", "Created Date", "D"),
    reference("CreatedById", "Created By ID", "User", "D"),
    datetime("LastModifiedDate", "Last Modified Date", "D"),
    reference("LastModifiedById", "Last Modified By ID", "User", "D"),
    datetime("SystemModstamp", "System Modstamp", "D"),
)

VIEWED: Final = (
    datetime("LastViewedDate", "Last Viewed Date", "N"),
    datetime("LastReferencedDate", "Last Referenced Date", "N"),
)
