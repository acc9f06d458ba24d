"""How each construct is written, shown below a sentence that breaks off inside of it."""

from dicomrules.lang.place import Place

FORMS = {
    "include": 'include "common/site.rules"',
    "settings": 'settings { timezone "Europe/Madrid" }',
    "expects": "expects destinations pacs, vna",
    "secret": 'secret trial_salt from env "TRIAL_SALT"',
    "parameter": 'parameter site_prefix = "SITEA-"',
    "tags": "tags demographics = [PatientAddress, (0010,2154)]",
    "schedule": 'schedule nights = "Mon-Fri 19:00-06:00, Sat-Sun"',
    "private": 'private (0031,"NORTH HOSPITAL",20) LO',
    "condition": 'condition site_a = calling_aet in ["CT_A1", "CT_A2"]',
    "function": "function without_spaces(text) = text | trim",
    "table": 'table part { "ABD", "ABDO" => "ABDOMEN" }',
    "key": 'key "Accession No" as AccessionNumber',
    "value": 'value "Episode" as AdmissionID',
    "unavailable": 'unavailable => hold "list unavailable"',
    "action": 'action mark { set InstitutionName = "NORTH" }',
    "rule": 'rule ct { when Modality == "CT"  empty StationName }',
    "group": "group trial { rule nameless { empty PatientName } }",
    "routes": "routes clinical every match { always => pacs }",
    "test": 'test "a CT" { given Rows = 512  expect unchanged }',
    "when": 'when Modality == "CT" and StationName is present',
    "unless": 'unless calling_aet in ["CT_A1", "CT_A2"]',
    "let": 'let number = AccessionNumber | trim otherwise "NONE"',
    "set": 'set StationName = "CT_A1"',
    "default": 'default BodyPartExamined = "HEART"',
    "add": 'add ImageType = "DERIVED"',
    "copy": "copy PatientID to OtherPatientIDs",
    "move": "move PatientID to OtherPatientIDs",
    "swap": "swap StudyID with AccessionNumber",
    "empty": "empty PatientAddress, PatientComments",
    "remove": "remove PatientAddress, PatientComments anywhere",
    "keep": "keep only PatientID, Modality",
    "within": "within ProcedureCodeSequence[first] { empty CodeValue }",
    "remap": "remap uids with trial_salt",
    "shift": "shift dates by -30",
    "deidentify": "deidentify basic with trial_salt",
    "charset": 'charset to "ISO_IR 192"',
    "redact": "redact pixels rect(0, 0, Columns, 75)",
    "apply": "apply mark",
    "if": 'if Rows > 512 { empty StudyID } else { drop "small" }',
    "quarantine": 'quarantine "no patient number"',
    "reject": 'reject "not for this archive" status "C001"',
    "hold": 'hold "no episode yet" retry 5min for 24h',
    "drop": 'drop "screen save"',
    "nowhere": 'nowhere "not for this table"',
    "choose": 'choose Modality { case "CT" => "A"  else => "B" }',
    "case": 'case "CT", "MR" => "A"',
    "lookup": "lookup body_part[BodyPartExamined]",
    "given": 'given PatientID = "4711", no StudyID',
    "expect": 'expect PatientID == "4711"',
    "always": "always => pacs and vna",
    "else": "else => vna",
}
"""An example of each, by the word that it begins with."""

_VERDICTS = frozenset(("quarantine", "reject", "hold", "drop", "nowhere"))
_MIDDLE = frozenset(("choose", "lookup", "case"))
"""Words that also begin something within a line."""


def form(place: Place) -> str:
    """An example of the construct that the place lies in; empty where that is not clear."""
    for at in range(min(place.index, len(place.tokens)) - 1, -1, -1):
        token = place.tokens[at]
        if at == place.index - 1 and token.text in _VERDICTS:
            return FORMS[token.text]
        if token.kind == "WORD" and token.text in FORMS and (at == 0 or _begins(place, at)):
            if token.text in ("when", "unless") and "set" in place.accepted:
                return FORMS["set"]
            return _arm(place, at) or FORMS[token.text]
    return "" if place.index else FORMS["rule"]


def _begins(place: Place, at: int) -> bool:
    before = place.tokens[at - 1]
    if before.kind in ("{", "}") or place.tokens[at].text in _MIDDLE:
        return True
    return "\n" in place.source.text[before.end : place.tokens[at].start] and before.text not in ("|", ".", ",")


def _arm(place: Place, at: int) -> str:
    """`when`, `unless` and `else` have another form in routes; `key` and `value` in a table only."""
    if place.tokens[at + 1 : at + 2] and place.tokens[at + 1].text == "if":
        return FORMS["if"]
    if "unavailable" in place.accepted:
        return FORMS["unavailable"]
    if place.tokens[0].text == "routes" and place.tokens[at].text in ("when", "unless"):
        return f'{place.tokens[at].text} Modality == "CT" => pacs'
    return "else { empty StationName }" if place.tokens[at].text == "else" and place.tokens[0].text != "routes" else ""
