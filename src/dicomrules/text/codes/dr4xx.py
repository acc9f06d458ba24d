"""Codes DR4xx: flow."""

from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.diagnostic import Severity

_RULE = "rule r {{\n  {}\n}}"
_ROUTES = "routes r first match {{\n  {}\n}}"

CODES: tuple[CodeRecord, ...] = (
    CodeRecord(
        "DR401",
        "not every object gets a route",
        "An object that fits no arm would go nowhere without anybody having said so. `else` says where it goes.",
        bad=_ROUTES.format('when Modality == "CT" => pacs'),
        good=_ROUTES.format('when Modality == "CT" => pacs\n  else => nowhere "not a CT"'),
    ),
    CodeRecord(
        "DR402",
        "an arm that is never reached",
        "An arm above takes every object that this one would take, so nothing ever goes where this one says.",
        bad=_ROUTES.format('always => pacs\n  when Modality == "CT" => vna'),
        good=_ROUTES.format('when Modality == "CT" => vna\n  else => pacs'),
    ),
    CodeRecord(
        "DR403",
        "a statement that is never reached",
        "A verdict ends the object; what stands after it in the same block never runs.",
        bad=_RULE.format('quarantine "look"\n  empty StudyID'),
        good=_RULE.format('quarantine "look"'),
    ),
    CodeRecord(
        "DR404",
        "which value is read?",
        "The rule sets this attribute in another statement. `original.` reads it as it was received, `current.` as rewritten"
        " so far.",
        bad=_RULE.format('set PatientID = "A1"\n  set PatientName = PatientID otherwise keep'),
        good=_RULE.format('set PatientID = "A1"\n  set PatientName = current.PatientID'),
    ),
    CodeRecord(
        "DR405",
        "set twice",
        "Of two statements that set the same attribute one after the other, only the last one counts. One of them is a slip,"
        " and what it was meant for does not happen.",
        bad=_RULE.format('set StudyID = "1"\n  set StudyID = "2"'),
        good=_RULE.format('set StudyID = "2"'),
    ),
    CodeRecord(
        "DR406",
        "two rules set the same attribute",
        "An object for which both fire gets what the later one says. If that is meant, say `override` there; else make their"
        " conditions exclude each other.",
        bad='rule a {\n  set StudyID = "1"\n}\nrule b {\n  set StudyID = "2"\n}',
        good='rule a {\n  set StudyID = "1"\n}\nrule b {\n  set StudyID = "2" override\n}',
        severity=Severity.WARNING,
        silence="Say `override` at the later `set`, or make the conditions of the two exclude each other.",
    ),
    CodeRecord(
        "DR407",
        "a condition that is never true",
        "No object can fulfil it, so what stands below it never happens, whatever its author expected.",
        bad='condition c = PatientSex == "F" and PatientSex == "M"',
        good='condition c = PatientSex == "F" or PatientSex == "M"',
    ),
    CodeRecord(
        "DR408",
        "a condition that is always true",
        "It asks nothing. Leave it out, or look for a slip.",
        bad='rule r {\n  when calling_aet contains ""\n  empty StudyID\n}',
        good="rule r {\n  empty StudyID\n}",
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR409",
        "an answer that is not allowed here",
        "`keep`, `empty` and `remove` are about the target of `set`; `drop` does not stand in a routes table, where `nowhere`"
        " says that this table sends nothing; functions give values, not verdicts.",
        bad=_ROUTES.format('always => drop "x"'),
        good=_ROUTES.format('always => nowhere "x"'),
    ),
    CodeRecord(
        "DR410",
        "a destination named twice in one arm",
        "The object is sent there once. Often another destination was meant, which now gets nothing.",
        bad=_ROUTES.format("always => pacs and pacs"),
        good=_ROUTES.format("always => pacs"),
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR411",
        "one destination, reached in two ways",
        "An object leaves for one destination in one form. Here it would leave through different groups, or with different"
        " options, and nobody could tell which of the two counts: pseudonymised and not, say.",
        bad="group trial {\n  rule r {\n    empty StudyID\n  }\n}\n"
        "routes a every match {\n  always => vna\n}\nroutes b every match {\n  always => vna through trial\n}",
        good="group trial {\n  rule r {\n    empty StudyID\n  }\n}\n"
        "routes a every match {\n  always => pacs\n}\nroutes b every match {\n  always => vna through trial\n}",
    ),
    CodeRecord(
        "DR412",
        "options of a destination that do not go together",
        "Members of one `failover` or `balance` go through the same group, since what leaves must not depend on which of them"
        " happens to be there; `compressed` and `decompressed` exclude each other; of the shares of a `balance` all are said"
        " or none.",
        bad=_ROUTES.format("always => balance(pacs 25, vna)"),
        good=_ROUTES.format("always => balance(pacs 25, vna 75)"),
    ),
    CodeRecord(
        "DR413",
        "kept and removed",
        "`keep only` says that this attribute stays, and another statement of the same rule takes it away. Statements run in"
        " order, so the later one wins, and the reader of the first is misled.",
        bad=_RULE.format("keep only PatientID, StudyID\n  remove StudyID"),
        good=_RULE.format("keep only PatientID"),
    ),
    CodeRecord(
        "DR414",
        "dates may be shifted twice",
        "Two `shift dates` that run for one object add up: a patient's studies no longer have the distance in time that one"
        " of them was to give, and two sites that share a key no longer agree.",
        bad=_RULE.format("shift dates by 10\n  shift dates by 20"),
        good=_RULE.format("shift dates by 30"),
        severity=Severity.WARNING,
        silence="Make the conditions of the two rules exclude each other.",
    ),
    CodeRecord(
        "DR415",
        "the character set is put right too late",
        "Statements above have read text in the character set that the object declares, which is the wrong one, and written"
        " it elsewhere: a name that nobody can read any more. Say `charset from` first.",
        bad=_RULE.format('copy PatientName to PatientBirthName\n  charset from "GBK"'),
        good=_RULE.format('charset from "GBK"\n  copy PatientName to PatientBirthName'),
        severity=Severity.WARNING,
        silence="Say it as the first statement of the rule.",
    ),
    CodeRecord(
        "DR416",
        "a rule that is never reached",
        "A rule above it ends every object that this one would take with a verdict, so it never fires.",
        bad='rule unknown {\n  when PatientID is blank\n  quarantine "no number"\n}\n'
        'rule name {\n  when PatientID is absent\n  set PatientName = "UNKNOWN"\n}',
        good='rule name {\n  when PatientID is absent\n  set PatientName = "UNKNOWN"\n}\n'
        'rule unknown {\n  when PatientID is blank\n  quarantine "no number"\n}',
        severity=Severity.WARNING,
    ),
)
