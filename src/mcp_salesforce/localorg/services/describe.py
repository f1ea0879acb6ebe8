"""Describe the org's objects: the global describe, and the full describe of one object."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.field_values import moment
from mcp_salesforce.localorg.services.record_types import MASTER_ID, picklist_values
from mcp_salesforce.localorg.standard.definitions import FIELD_TYPES, RecordTypeDef
from mcp_salesforce.localorg.store.schema import ChildRelationship, FieldDef, PicklistValue, Schema, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Row, Store

_MASTER: Final = {"Id": MASTER_ID, "Name": "Master", "DeveloperName": "Master", "IsActive": True}
"""The record type of a record without one, in every org."""

_MY_DOMAIN: Final = "https://local-org.my.salesforce.com"
_ID_LENGTH: Final = 18


class Describes:
    """Describes the objects of a schema in the form of the REST API."""

    def __init__(self, store: Store, schema: Schema) -> None:
        """Describe `schema`; `store` has the date on which the org was created."""
        self._store = store
        self._schema = schema

    @evidence(
        "Describe", "recorded", "ETag and Last-Modified of every describe are the same: the org's metadata as one"
    )
    def stamp(self) -> tuple[datetime, str]:
        """Return when the schema was last changed, and a tag that changes with it."""
        row = self._store.row("SELECT min(SystemModstamp) AS made FROM Organization")
        if row is None or row["made"] is None:
            raise LookupError("the org has no Organization record")
        names = "\n".join(f"{each.name}.{field.name}" for each in self._schema for field in each.fields)
        return moment(row["made"]), hashlib.sha256(names.encode()).hexdigest()[:8]

    def describe_global(self, version: str) -> dict[str, Any]:
        """Return every object with its abilities and URLs; `version` is like `v60.0`."""
        sobjects = [self.basic_info(each, version) for each in sorted(self._schema, key=lambda each: each.name)]
        return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects}

    def basic_info(self, sobject: SObjectDef, version: str) -> dict[str, Any]:
        """Return one object's entry of the global describe."""
        return {
            "activateable": False,
            "associateEntityType": "Share" if sobject.shares else None,
            "associateParentEntity": sobject.shares or None,
            "createable": sobject.createable,
            "custom": sobject.custom,
            "customSetting": False,
            "deepCloneable": sobject.deep_cloneable,
            "deletable": sobject.deletable,
            "deprecatedAndHidden": False,
            "feedEnabled": sobject.feed_enabled,
            "hasSubtypes": False,
            "isInterface": False,
            "isSubtype": False,
            "keyPrefix": sobject.key_prefix or None,
            "label": sobject.label,
            "labelPlural": sobject.label_plural,
            "layoutable": sobject.layoutable,
            "mergeable": sobject.mergeable,
            "mruEnabled": sobject.mru_enabled,
            "name": sobject.name,
            "queryable": sobject.queryable,
            "replicateable": bool(sobject.key_prefix),
            "retrieveable": bool(sobject.key_prefix),
            "searchable": sobject.searchable,
            "triggerable": sobject.triggerable,
            "undeletable": sobject.undeletable,
            "updateable": sobject.updateable,
            "urls": _urls(sobject, version),
        }

    @evidence("Describe", "recorded", "A describe has every key of a recorded one; layouts and actions are empty")
    def describe(self, name: str, version: str) -> dict[str, Any]:
        """Return the full describe of an object; `version` is like `v60.0`.

        Raises:
            OrgError: NOT_FOUND; the org has no such object.
        """
        sobject = self._schema.get(name)
        if sobject is None:
            raise errors.not_found()
        described = self.basic_info(sobject, version) | {
            "actionOverrides": [],
            "childRelationships": [_child(each) for each in self._schema.children(sobject)],
            "compactLayoutable": sobject.layoutable,
            "defaultImplementation": None,
            "extendedBy": None,
            "extendsInterfaces": None,
            "fields": [_field(each) for each in sobject.fields],
            "implementedBy": None,
            "implementsInterfaces": None,
            "listviewable": None,
            "lookupLayoutable": None,
            "namedLayoutInfos": [],
            "networkScopeFieldName": None,
            "recordTypeInfos": self._record_types(sobject, version),
            "searchLayoutable": sobject.searchable,
            "sobjectDescribeOption": "FULL",
            "supportedScopes": [{"label": label, "name": scope} for scope, label in sobject.scopes],
        }
        described["urls"] |= _ui_urls(sobject)
        return dict(sorted(described.items()))

    @evidence("Describe", "recorded", "The UI API gives the values of each picklist that a record type allows")
    def picklists(self, name: str, record_type_id: str, version: str) -> dict[str, Any]:
        """Return the values of an object's picklists for a record type, by field, and their eTag.

        Raises:
            OrgError: NOT_FOUND; there is no such object, or it has no such record type.
        """
        sobject = self._schema.get(name)
        if sobject is None:
            raise errors.not_found()
        url = f"/services/data/{version}/ui-api/object-info/{sobject.name}/picklist-values/{record_type_id}"
        found = picklist_values(self._store, sobject, record_type_id)
        fields = {field: _picklist(f"{url}/{field}", values) for field, values in found}
        return {"eTag": _etag("".join(each["eTag"] for each in fields.values())), "picklistFieldValues": fields}

    @evidence("Describe", "recorded", "The record types of an object come before the master one; one is the default")
    @evidence("Describe", "simulated", "A new record without a record type gets the default one")
    def _record_types(self, sobject: SObjectDef, version: str) -> list[dict[str, Any]]:
        if not sobject.layoutable:
            return []
        layouts = f"/services/data/{version}/sobjects/{sobject.name}/describe/layouts"
        own = self._store.rows("SELECT * FROM RecordType WHERE SobjectType = ? ORDER BY Name", [sobject.name])
        told = {each.developer_name: each for each in sobject.record_types}
        infos = [_record_type(row, layouts, told.get(str(row["DeveloperName"]))) for row in own]
        is_default = sobject.default_record_type is None
        return [*infos, _record_type(_MASTER, layouts) | {"master": True, "defaultRecordTypeMapping": is_default}]


def _urls(sobject: SObjectDef, version: str) -> dict[str, str]:
    url = f"/services/data/{version}/sobjects/{sobject.name}"
    urls = {"rowTemplate": f"{url}/{{ID}}", "describe": f"{url}/describe", "sobject": url}
    if sobject.layoutable:
        urls |= {
            "compactLayouts": f"{url}/describe/compactLayouts",
            "layouts": f"{url}/describe/layouts",
            "quickActions": f"{url}/quickActions",
        }
        if sobject.name == "Event":
            urls["eventSeriesUpdates"] = f"{url}/{{ID}}/fromThisEventOnwards"
        else:
            urls |= {"approvalLayouts": f"{url}/describe/approvalLayouts", "listviews": f"{url}/listviews"}
    return urls


def _ui_urls(sobject: SObjectDef) -> dict[str, str]:
    if not sobject.layoutable:
        return {}
    return {
        "uiDetailTemplate": f"{_MY_DOMAIN}/{{ID}}",
        "uiEditTemplate": f"{_MY_DOMAIN}/{{ID}}/e",
        "uiNewRecord": f"{_MY_DOMAIN}/{sobject.key_prefix}/e",
    }


def _record_type(row: Mapping[str, Any] | Row, layouts: str, told: RecordTypeDef | None = None) -> dict[str, Any]:
    return {
        "active": bool(row["IsActive"]),
        "available": told is None or told.available,
        "defaultRecordTypeMapping": told is not None and told.default,
        "developerName": row["DeveloperName"],
        "master": False,
        "name": row["Name"],
        "recordTypeId": row["Id"],
        "urls": {"layout": f"{layouts}/{row['Id']}"},
    }


def _child(relationship: ChildRelationship) -> dict[str, Any]:
    return {
        "cascadeDelete": relationship.field.cascade_delete,
        "childSObject": relationship.child.name,
        "deprecatedAndHidden": False,
        "field": relationship.field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relationship.name,
        "restrictedDelete": relationship.field.restricted_delete,
    }


def _field(field: FieldDef) -> dict[str, Any]:
    return {
        "aggregatable": field.aggregatable,
        "aiPredictionField": False,
        "autoNumber": field.auto_number,
        "byteLength": _byte_length(field),
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound,
        "controllerName": None,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": field.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted_on_create,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.digits,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": field.extra_type_info,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.groupable,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup,
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.name_pointing,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [_picklist_value(each) for each in field.picklist_values],
        "polymorphicForeignKey": field.polymorphic,
        "precision": field.precision,
        "queryByDistance": field.type == "address",
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "relationshipOrder": field.master_order,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.search_prefilterable,
        "soapType": FIELD_TYPES[field.type][0],
        "sortable": field.sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable,
        "writeRequiresMasterRead": False,
    }


def _byte_length(field: FieldDef) -> int:
    return _ID_LENGTH if field.type in {"id", "reference"} else field.length * field.bytes_a_character


def _picklist(url: str, values: Sequence[PicklistValue]) -> dict[str, Any]:
    told: list[dict[str, Any]] = [
        {"attributes": None, "label": each.label, "validFor": [], "value": each.value} for each in values
    ]
    default = next((row for row, each in zip(told, values, strict=True) if each.default), None)
    return {
        "controllerValues": {},
        "defaultValue": default,
        "eTag": _etag(repr(told)),
        "url": url,
        "values": told,
    }


def _etag(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _picklist_value(value: PicklistValue) -> dict[str, Any]:
    return {
        "active": value.active,
        "defaultValue": value.default,
        "label": value.label,
        "validFor": None,
        "value": value.value,
    }
