"""Answer the first requests of a host from a snapshot, while the server itself loads.

Hosts give a server a second or less to answer its first request, and loading MCP's and Pydantic's classes takes longer.
So these modules import only cheap modules of the standard library. They answer a request only if the server would
certainly give the same answer; every other request waits for the server.
"""
