"""One policy that says what a principal may do in effect, from the exact contexts that the engine gives.

``target`` holds what must come out, ``candidates`` what statements there can be,
``choice`` takes the cheapest that fit, ``actions`` and ``document`` write them down.
It knows engine and conditions; :mod:`wmiam.access.effective` is how it is asked.
"""
