"""What clients read before they ask: RFC 9728, RFC 8414, and the addresses of OpenID Connect Discovery."""

from typing import Any

from mcp_salesforce.oauth.addresses import SCOPE, Addresses
from mcp_salesforce.oauth.clients import AUTH_METHODS


def protected_resource(addresses: Addresses) -> dict[str, Any]:
    """Return the metadata of the MCP endpoint (RFC 9728)."""
    return {
        "resource": addresses.resource,
        "authorization_servers": [addresses.issuer],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
        "resource_name": "Salesforce",
    }


def authorization_server(addresses: Addresses, *, registers: bool, reads_documents: bool) -> dict[str, Any]:
    """Return the metadata of the authorization server (RFC 8414)."""
    found: dict[str, Any] = {
        "issuer": addresses.issuer,
        "authorization_endpoint": addresses.of("authorize"),
        "token_endpoint": addresses.of("token"),
        "revocation_endpoint": addresses.of("revoke"),
        "scopes_supported": [SCOPE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": [*AUTH_METHODS],
        "revocation_endpoint_auth_methods_supported": [*AUTH_METHODS],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": reads_documents,
        "protected_resources": [addresses.resource],
    }
    if registers:
        found["registration_endpoint"] = addresses.of("register")
    return found


def openid_configuration(addresses: Addresses, *, registers: bool, reads_documents: bool) -> dict[str, Any]:
    """Return the same for clients that look where OpenID Connect has it, with what these require to be there.

    No ID tokens are issued, so the key set is empty.
    """
    return {
        **authorization_server(addresses, registers=registers, reads_documents=reads_documents),
        "jwks_uri": addresses.of("jwks"),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
