"""Decide the requests of a file with Principal Mapper, and print answers and seconds as JSON.

python tests/benchmarks/peer_principal_mapper.py FOLDER-WITH-THE-PACKAGE REQUESTS.json
"""

from __future__ import annotations

import collections
import collections.abc
import json
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Decide and print."""
    sys.path.insert(0, sys.argv[1])
    for name in ("Mapping", "MutableMapping"):
        # Its release is of 2022, and imports these from where Python had them until 3.9.
        setattr(collections, name, getattr(collections.abc, name))
    from principalmapper.common import Node, Policy  # type: ignore[import-not-found]
    from principalmapper.querying.query_interface import (  # type: ignore[import-not-found]
        local_check_authorization_full,
    )

    data = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))

    def policy(name: str, index: int) -> Any:
        return Policy(f"arn:aws:iam::111122223333:policy/{name}", name, data["documents"][index])

    made = []
    for one in data["requests"]:
        role = ":role/" in one["principal"]
        node = Node(
            one["principal"],
            "AIDAEXAMPLE",
            [policy(name, index) for name, index in one["identity"]],
            None,
            {} if role else None,
            None,
            0,
            False,
            False,
            None if one["boundary"] is None else policy("boundary", one["boundary"]),
            False,
            None,
        )
        levels = [[policy("scp", index) for index in level] for level in one["scps"]]
        made.append((node, one["action"], one["resource"], one["context"], levels))

    def decide(node: Any, action: str, resource: str, context: Any, levels: Any) -> bool | None:
        try:
            scps = levels or None
            answer = local_check_authorization_full(
                node, action, resource, context, service_control_policy_groups=scps
            )
            return bool(answer)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    for request in made:
        decide(*request)
    started = time.perf_counter()
    answers = [decide(*request) for request in made]
    print(json.dumps({"Principal Mapper": {"seconds": time.perf_counter() - started, "answers": answers}}))


if __name__ == "__main__":
    main()
