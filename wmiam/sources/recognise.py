"""What a file holds, told by its content, and who reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from wmiam import jsonrecords
from wmiam.jsonrecords import WALKED, Fault, Path, Record, pointer_of
from wmiam.origin import Origin, SourceFile
from wmiam.sources import iam, organizations, workmail, yamltext
from wmiam.sources.draft import Draft, LooseDocument, ManifestFile
from wmiam.sources.entry import Entry, json_entry
from wmiam.sources.files import InputFile
from wmiam.sources.page import PARAMETERS, Page, Reading

__all__ = ["MANIFEST_KEY", "read_json", "read_yaml"]

#: The key by which a manifest is known.
MANIFEST_KEY: Final = "wmiam-manifest"
_READINGS: Final[tuple[Reading, ...]] = (*organizations.READINGS, *workmail.READINGS)
_WRAPPER_FIELDS: Final = ("Call", "Parameters", "Output", "Account", "Region")
_OTHER_PARAMETERS: Final = frozenset({"Marker", "MaxItems", "MaxResults", "NextToken", "PolicyArn"})
_PAGINATION: Final = frozenset({"NextToken", "ResponseMetadata"})
_DETAILS: Final = "account-authorization-details"
#: Files that are plainly about something else, by keys that they have.
_OTHERS: Final = (
    ({"nbformat", "cells"}, "a Jupyter notebook"),
    ({"$schema"}, "a JSON schema, or settings that follow one"),
    ({"dependencies"}, "the description of a package"),
    ({"devDependencies"}, "the description of a package"),
)
_camel = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _is_page(path: Path) -> bool:
    """Return whether the value at a path may be a call's output: a document, or part of a list or wrapper."""
    match path:
        case () | (int(),) | ("Output",) | (int(), "Output") | ("Output", int()) | (int(), "Output", int()):
            return True
    return False


def _opens(path: Path, first: str) -> bool:
    if first == "{":
        return _is_page(path)
    return not path or path[-1] == "Output" or (path[-1] in iam.DETAIL_LISTS and _is_page(path[:-1]))


def read_json(
    file: InputFile, source: SourceFile, text: str, draft: Draft, tick: Callable[[int], None]
) -> bool:
    """Read a JSON file into a draft; return whether anything in it was recognised.

    Parameters
    ----------
    file : InputFile
        The file.
    source : SourceFile
        Its source; receives the kind.
    text : str
        Its text.
    draft : Draft
        Receives what is read.
    tick : callable
        Called with the offset of each record, to show progress.
    """
    reading = _JsonReading(file, source, draft)
    for record in jsonrecords.read(text, _opens, reading.faults.append):
        tick(record.offset)
        reading.record(record)
    return reading.finish()


def read_yaml(file: InputFile, source: SourceFile, text: str, draft: Draft) -> bool:
    """Read a YAML file into a draft; return whether it is a manifest.

    Parameters
    ----------
    file, source, text, draft
        As in :func:`read_json`.
    """
    if MANIFEST_KEY not in text:
        draft.info(
            "not-a-manifest",
            "this YAML file is no manifest and was not read",
            Origin(source),
            f"if it says who has which policy, begin it with {MANIFEST_KEY}: 1",
        )
        return False
    parsed = yamltext.parse(text)
    for fault in parsed.faults:
        draft.fault(source, fault)
    if not isinstance(parsed.value, Mapping) or MANIFEST_KEY not in parsed.value:
        if not parsed.faults:
            draft.error(
                "not-a-manifest",
                f"{MANIFEST_KEY} is not a key at the top of this file",
                Origin(source),
                f"begin it with {MANIFEST_KEY}: 1",
            )
        return False

    def place(pointer: str) -> Origin:
        return Origin(source, pointer, parsed.places.get(pointer, 0), pointer)

    source.kind = "manifest"
    entry = Entry(parsed.value, "manifest", "", place, draft)
    draft.manifests.append(ManifestFile(entry, file.path, file.root))
    return True


class _JsonReading:
    """The reading of one JSON file."""

    def __init__(self, file: InputFile, source: SourceFile, draft: Draft) -> None:
        self.file = file
        self.source = source
        self.draft = draft
        self.faults: list[Fault] = []
        self.kinds: dict[str, None] = {}
        #: Whether the page being read has shown a record of authorization details.
        self.details = False
        #: Elements of ``Policies`` that are no managed policies, until their page shows what it is.
        self.policies: list[Record] = []
        #: Outputs that came before the rest of their wrapper.
        self.outputs: list[Record] = []
        self.strangers: list[Record] = []

    def record(self, record: Record) -> None:
        """Take the next record."""
        match record.path:
            case (*_, str(name), int()) if name in iam.DETAIL_LISTS:
                self._element(name, record)
            case (*_, "Output") | (*_, "Output", int()):
                self.outputs.append(self._with_policies(record))
            case _:
                self._document(self._with_policies(record))

    def finish(self) -> bool:
        """Report what is left; return whether anything was recognised."""
        self.source.kind = ", ".join(self.kinds)
        if not self.file.certain and not self.kinds:
            return False
        for fault in self.faults:
            self.draft.fault(self.source, fault)
        broken = any(not fault.harmless for fault in self.faults)
        if broken:
            # What is not recognised here may be so for the damage, which is reported.
            return bool(self.kinds)
        if self.strangers:
            self._report_stranger(self.strangers[0])
        elif not self.kinds:
            self.draft.warning("nothing-in-file", "this file holds no record", Origin(self.source))
        return bool(self.kinds)

    def _element(self, name: str, record: Record) -> None:
        if name == "Policies" and not iam.is_managed_policy(record.value):
            self.policies.append(record)
            return
        self.details = True
        self._detail(name, record)

    def _detail(self, name: str, record: Record) -> None:
        if isinstance(record.value, Mapping):
            account = iam.read_record(name, self._entry(record, _RECORDS[name]))
            self.draft.account_read = account or self.draft.account_read
        else:
            pointer = pointer_of(record.path)
            self.draft.error(
                "bad-field",
                f"an element of {name} is an object, and this is none",
                Origin(self.source, pointer, record.offset, pointer),
                "keep the records as AWS prints them",
            )

    def _with_policies(self, record: Record) -> Record:
        """Take a page that is complete: read the policies that were held back, or put them in again."""
        value, held = record.value, self.policies
        if not isinstance(value, dict) or not value.keys() & iam.DETAIL_LISTS:
            return record
        self.policies = []
        if self.details or value.keys() & _LISTS_BY_TYPE:
            self.details = False
            for policy in held:
                self._detail("Policies", policy)
            self.kinds[_DETAILS] = None
            entry = self._entry(record, "page of authorization details")
            for key in sorted(iam.DETAIL_LISTS & value.keys()):
                if value[key] is not WALKED:
                    mend = "keep the records as AWS prints them"
                    self.draft.error(
                        "bad-field", f"{key} is a list, and this is none", entry.origin(key), mend
                    )
            iam.read_page(entry, self.draft.account_read)
            return record._replace(value=WALKED)
        if value["Policies"] is WALKED:
            value["Policies"] = [policy.value for policy in held]
        return record

    def _document(self, record: Record) -> None:
        outputs, self.outputs = self.outputs, []
        value = record.value
        if isinstance(value, dict) and "Output" in value and "Call" in value:
            self._call(record, outputs)
        elif isinstance(value, dict) and "Call" in value and "Error" in value:
            entry = self._entry(record, "call")
            self.kinds["failed call"] = None
            self.draft.error(
                "call-failed",
                f"{entry.text('Call')} failed when it was collected: {entry.text('Error')}",
                entry.origin(),
                "grant the collector what it lacks, and collect again",
            )
        else:
            self._page(record, {}, "")

    def _call(self, record: Record, outputs: list[Record]) -> None:
        entry = self._entry(record, "call")
        entry.known(_WRAPPER_FIELDS)
        given = entry.entry("Parameters", "set of call parameters")
        if given is not None:
            given.known(PARAMETERS | _OTHER_PARAMETERS)
        parameters = {
            key: value
            for fields in ({} if given is None else given.value, entry.value)
            for key, value in fields.items()
            if key in PARAMETERS and isinstance(value, str)
        }
        # "aws organizations list-roots", "list-roots" and the API's "ListRoots" are the same call.
        call = _camel.sub("-", entry.text("Call").split()[-1] if entry.text("Call").split() else "").lower()
        if not outputs:
            mend = "keep the output as AWS prints it"
            self.draft.error(
                "bad-field", "the Output of this call is no object", entry.origin("Output"), mend
            )
        for output in outputs:
            self._page(output, parameters, call)

    def _page(self, record: Record, parameters: Mapping[str, str], call: str) -> None:
        output = record.value
        if output is WALKED:
            return
        if not isinstance(output, dict):
            self.strangers.append(record)
            return
        reading = _reading_of(output, parameters, call)
        if reading is not None:
            self.kinds[reading.kind] = None
            entry = self._entry(record, f"{reading.call} output")
            entry.known({*reading.fields, *PARAMETERS, *_PAGINATION})
            reading.read(Page(entry, parameters, reading.kind))
        elif MANIFEST_KEY in output:
            self.kinds["manifest"] = None
            entry = self._entry(record, "manifest")
            self.draft.manifests.append(ManifestFile(entry, self.file.path, self.file.root))
        elif not self._loose(record, output):
            self.strangers.append(record)

    def _loose(self, record: Record, output: dict[str, object]) -> bool:
        """Note a policy document that stands by itself; return whether it is one."""
        found = _document_in(output)
        if found is None:
            return False
        self.kinds["policy document"] = None
        known = self.draft.loose.get(self.file.path)
        pointer = pointer_of(record.path)
        if record.path and isinstance(record.path[-1], int):
            # A list is no policy document; the parser is given all of it, and says so.
            if known is None:
                origin = Origin(self.source)
                self.draft.loose[self.file.path] = LooseDocument(self.file.path, [output], origin)
            elif isinstance(known.raw, list):
                known.raw.append(output)
        elif known is None:
            keys, raw = found
            origin = Origin(self.source, pointer + pointer_of(keys), record.offset, pointer)
            self.draft.loose[self.file.path] = LooseDocument(self.file.path, raw, origin)
        else:
            self.draft.warning(
                "several-documents",
                "this file holds more than one policy document; the first counts",
                Origin(self.source, pointer, record.offset, pointer),
                "put each policy document into a file of its own",
            )
        return True

    def _report_stranger(self, record: Record) -> None:
        pointer = pointer_of(record.path)
        origin = Origin(self.source, pointer, record.offset, pointer)
        if isinstance(record.value, Mapping):
            keys = record.value.keys()
            other = next((what for marks, what in _OTHERS if marks <= keys), None)
            if other is not None:
                self.draft.info("other-file", f"this is {other}, and was not read", origin)
                return
            shown = ", ".join(sorted(keys)[:5]) + (", …" if len(keys) > 5 else "")
            held = f"an object with the fields {shown}" if keys else "an empty object"
        else:
            held = "no object"
        self.draft.warning(
            "unknown-content",
            f"what this JSON is was not recognised: {held}; it was not read",
            origin,
            "see the documentation of wmiam.sources for what is read",
        )

    def _entry(self, record: Record, what: str) -> Entry:
        value = record.value if isinstance(record.value, Mapping) else {}
        pointer = pointer_of(record.path)
        return json_entry(value, what, self.draft, self.source, pointer, record.offset)


def _reading_of(output: Mapping[str, object], parameters: Mapping[str, str], call: str) -> Reading | None:
    """Return how to read an output: by the name of the call where it is known, else by the fields."""
    called = [reading for reading in _READINGS if reading.call == call]
    if called:
        return next((reading for reading in called if output.keys() & set(reading.fields)), None)
    fields = {**output, **parameters}
    return next((reading for reading in _READINGS if reading.recognises(fields)), None)


def _document_in(output: Mapping[str, object]) -> tuple[Path, object] | None:
    """Return a policy document in an output, and where in it; a lone statement counts as one, badly made."""
    if output.keys() & {"Statement", "Effect"}:
        return (), output
    version = output.get("PolicyVersion")
    if isinstance(version, Mapping) and "Document" in version:
        return ("PolicyVersion", "Document"), version["Document"]
    if "PolicyDocument" in output:
        return ("PolicyDocument",), output["PolicyDocument"]
    return None


#: What the elements of each detail list are called in messages.
_RECORDS: Final = {
    "UserDetailList": "user",
    "GroupDetailList": "group",
    "RoleDetailList": "role",
    "Policies": "managed policy",
}
#: Lists that only authorization details have.
_LISTS_BY_TYPE: Final = iam.DETAIL_LISTS - {"Policies"}
