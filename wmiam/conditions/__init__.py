"""Sets of request contexts as people meet them: in plain words, with an example, as a policy's Condition.

The engine gives the contexts in which something is allowed as a node of a
decision diagram; this package says what such a set is.  It knows the engine and
the catalog, and nothing of access, graph or report, which all use it.
"""
