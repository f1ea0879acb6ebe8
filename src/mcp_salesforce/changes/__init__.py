"""Changes of the org: seen before they are made, made once, kept in a journal, and taken back.

A change is what one call of a tool does to records. `writes` reads it from the requests that make it; every request
passes the `gate` on its way to the org; the `journal` keeps what was before.
"""
