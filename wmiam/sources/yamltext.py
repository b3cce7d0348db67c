"""YAML as plain values with the place of each, for manifests.

Scalars stay the text that the author wrote: an account number is no number,
and no tag value is a truth value.  Aliases are refused, since a few lines of
them can stand for a value of any size.
"""

from __future__ import annotations

from typing import NamedTuple

import yaml

from wmiam import jsontext
from wmiam.jsonrecords import Fault

__all__ = ["YamlText", "parse"]

_NULL = "tag:yaml.org,2002:null"


class YamlText(NamedTuple):
    """What YAML text holds.

    Parameters
    ----------
    value : object
        Dicts, lists, texts and None; None where it cannot be read.
    places : dict of str to int
        Offset, in characters, of each value by its JSON pointer.
    faults : list of Fault
        What is wrong with it.
    """

    value: object
    places: dict[str, int]
    faults: list[Fault]


def parse(text: str) -> YamlText:
    """Return the value of YAML text; never raises.

    Parameters
    ----------
    text : str
        One YAML document.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        reading = _Reading()
        value = None if node is None else reading.value(node, "")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = 0 if mark is None else mark.index
        message = f"this is not YAML: {error.problem or error.context}"
        return YamlText(None, {}, [Fault("yaml-syntax", message, "", offset)])
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        return YamlText(None, {}, [Fault("yaml-syntax", f"this is not YAML: {error}", "", position)])
    except RecursionError:
        fault = Fault("yaml-too-deep", "values are nested too deeply to be read", "", 0)
        return YamlText(None, {}, [fault])
    return YamlText(value, reading.places, reading.faults)


class _Reading:
    """Turns nodes into values; notes places and faults."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, pointer: str) -> object:
        """Return the value of a node."""
        offset = node.start_mark.index
        self.places[pointer] = offset
        if id(node) in self.seen:
            message = "an alias (*name) stands here; it is not read"
            mend = "write the value out"
            self.faults.append(Fault("yaml-alias", message, pointer, offset, mend))
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            members: dict[str, object] = {}
            for key_node, value_node in node.value:
                key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
                place = f"{pointer}/{jsontext.escape(key)}"
                if key in members:
                    message = f"the key {key!r} stands twice in one mapping; the later one counts"
                    at = key_node.start_mark.index
                    mend = "remove one of them"
                    self.faults.append(Fault("yaml-duplicate-key", message, place, at, mend, harmless=True))
                members[key] = self.value(value_node, place)
            return members
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, f"{pointer}/{index}") for index, item in enumerate(node.value)]
        return None if node.tag == _NULL else str(node.value)
