"""The first answers, while the server itself loads: what a host asks at its start, from a snapshot of the answers.

Hosts give a server a second or less to answer its first request, and loading MCP's and Pydantic's classes takes longer.
So these modules import nothing but the cheapest of the standard library. They answer only what they know for sure to
be answered so by the server itself; the rest waits for it, and with it whatever they are not sure of.
"""
