"""Codes DR7xx: the gateway file."""

from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.diagnostic import Severity

CODES: tuple[CodeRecord, ...] = (
    CodeRecord(
        "DR701",
        "the gateway file is not YAML",
        "The gateway file is YAML 1.2: keys, a colon and a blank, values, blocks indented by spaces. The message says"
        " what stands in the way at this place.",
        bad="gateway:\n\tname: north-hospital",
        good="gateway:\n  name: north-hospital\n  aet: DICOMRULES",
    ),
    CodeRecord(
        "DR702",
        "the gateway file is more than plain YAML",
        "Only plain keys and values are read: one document of at most 1 MB, no tags (`!…`), no directives (`%…`), blocks"
        " at most 32 deep, 50,000 values with aliases counted as what they stand for. The rest of YAML can run code or"
        " grow a few lines into gigabytes.",
        bad="gateway: !include common.yaml",
        good="gateway:\n  name: north-hospital\n  aet: DICOMRULES",
    ),
    CodeRecord(
        "DR703",
        "a key said twice",
        "Of two values for one key, nobody can tell which one counts.",
        bad="peers:\n  CT_A1: {host: 10.20.3.4}\n  CT_A1: {host: 10.20.3.5}",
        good="peers:\n  CT_A1: {host: 10.20.3.4}\n  CT_A2: {host: 10.20.3.5}",
    ),
    CodeRecord(
        "DR704",
        "unknown key",
        "A key that is not known would have no effect, and the gateway would do something else than the file says.",
        bad="receivers:\n  drop:\n    folder: {path: in, settel: 5s}",
        good="receivers:\n  drop:\n    folder: {path: in, settle: 5s}",
    ),
    CodeRecord(
        "DR705",
        "a key is missing",
        "There is no sensible default for it, so it must be said.",
        bad="destinations:\n  pacs:\n    dicom: {aet: PACS, host: 10.20.3.9}",
        good="destinations:\n  pacs:\n    dicom: {aet: PACS, host: 10.20.3.9, port: 104}",
    ),
    CodeRecord(
        "DR706",
        "a value of the wrong form",
        "The message says what the key takes. Words that YAML reads as a number, a truth value or nothing need quotes"
        " where a text is meant.",
        bad="receivers:\n  modalities:\n    dicom: {port: eleven}",
        good="receivers:\n  modalities:\n    dicom: {port: 11112}",
    ),
    CodeRecord(
        "DR707",
        "not in this version",
        "The key belongs to the gateway file, but this version of the program cannot do what it asks for. It is refused"
        " rather than ignored: a check that is silently left out would protect nobody.",
        bad="lookups:\n  ris: {worklist: {aet: RIS, host: 10.20.3.7, port: 1040}}",
        good="limits: {free_space: 5GB}",
    ),
    CodeRecord(
        "DR709",
        "the gateway file cannot be read",
        "There is no text to look at: the file is missing, this user may not read it, or it is not a text in UTF-8.",
        bad="dicomrules serve gatewy.yaml",
        good="dicomrules serve gateway.yaml",
    ),
    CodeRecord(
        "DR710",
        "the gateway file is not safe to use",
        "Who can write the gateway file decides where patients' images go. It must be a regular file that not everybody"
        " can write.",
        bad="chmod 666 gateway.yaml",
        good="chmod 640 gateway.yaml",
    ),
    CodeRecord(
        "DR711",
        "unknown peer",
        "`from` lists names from `peers`; the peer's address is looked up there.",
        bad="peers: {CT_A1: {host: 10.20.3.4}}\nreceivers:\n  modalities:\n    dicom: {port: 11112, from: [CT_A2]}",
        good="peers: {CT_A1: {host: 10.20.3.4}}\nreceivers:\n  modalities:\n    dicom: {port: 11112, from: [CT_A1]}",
    ),
    CodeRecord(
        "DR712",
        "open to everyone on the network",
        "A receiver that listens beyond this machine and takes objects from anyone lets every computer of the network put"
        " images into patients' records. Name the peers and say `from: known`, or list them; or ask for certificates with `tls`"
        " and `client_ca`. A `stow` receiver beyond this machine needs a `token` and `tls`.",
        bad="receivers:\n  modalities:\n    dicom: {port: 11112, bind: 0.0.0.0, from: anyone}",
        good="receivers:\n  modalities:\n    dicom: {port: 11112, bind: 0.0.0.0, from: known}",
    ),
    CodeRecord(
        "DR713",
        "nobody may send to this receiver",
        "`from: known` (which is what counts when nothing is said) accepts the applications under `peers`, and there are"
        " none. On the loopback address `from: anyone` is possible too.",
        bad="peers: {}\nreceivers:\n  modalities:\n    dicom: {port: 11112}",
        good="peers: {CT_A1: {host: 10.20.3.4}}\nreceivers:\n  modalities:\n    dicom: {port: 11112}",
    ),
    CodeRecord(
        "DR714",
        "one port for two listeners",
        "Only one receiver, or `observe.http`, can listen on a port of an address. `0.0.0.0` and `::` are all addresses of the machine.",
        bad="receivers:\n  ct:\n    dicom: {port: 11112}\n  mr:\n    dicom: {port: 11112}",
        good="receivers:\n  ct:\n    dicom: {port: 11112}\n  mr:\n    dicom: {port: 11113}",
    ),
    CodeRecord(
        "DR715",
        "folders that get in each other's way",
        "A folder that is watched must not be one the gateway writes to: what leaves would come in again, without end."
        " Two receivers on one folder would take each other's files, and the state folder belongs to the gateway alone.",
        bad="receivers: {drop: {folder: {path: in}}}\ndestinations: {archive: {folder: {path: in}}}",
        good="receivers: {drop: {folder: {path: in}}}\ndestinations: {archive: {folder: {path: out}}}",
    ),
    CodeRecord(
        "DR716",
        "exactly one kind",
        "A receiver or a destination is of one kind, which is its first key: `dicom`, `folder` and so on.",
        bad="destinations:\n  pacs: {retention: 7d}",
        good="destinations:\n  pacs:\n    folder: {path: out}\n    retention: 7d",
    ),
    CodeRecord(
        "DR717",
        "a file name that cannot be made",
        "`name` is a path below the destination's folder. Its fields are keywords of PS3.6 in braces, of attributes at the"
        " top of the data set that hold text or numbers.",
        bad='destinations:\n  archive:\n    folder: {path: out, name: "{PatientId}/{SOPInstanceUID}.dcm"}',
        good='destinations:\n  archive:\n    folder: {path: out, name: "{PatientID}/{SOPInstanceUID}.dcm"}',
    ),
    CodeRecord(
        "DR718",
        "one file name for several instances",
        "Without {SOPInstanceUID} several instances get the same name. None overwrites another: the later ones get a"
        " suffix, and which one is which is hard to tell.",
        bad='destinations:\n  archive:\n    folder: {path: out, name: "{PatientID}.dcm"}',
        good='destinations:\n  archive:\n    folder: {path: out, name: "{PatientID}/{SOPInstanceUID}.dcm"}',
        severity=Severity.WARNING,
    ),
    CodeRecord(
        "DR719",
        "a value from outside that is not there",
        "`{env: NAME}` is read from the environment and `{file: path}` from a file when the gateway starts; an empty value in"
        " its place would be a guess.",
        bad="parameters: {site_prefix: {env: SITE_PREFIX}}   # and SITE_PREFIX is not set",
        good="parameters: {site_prefix: {env: SITE_PREFIX}}\n# environment: SITE_PREFIX=SITEA-",
    ),
    CodeRecord(
        "DR720",
        "unknown SOP class or transfer syntax",
        "`contexts` and `transfer_syntaxes` name SOP classes and transfer syntaxes by the keywords of PS3.6 or by UID. A name"
        " that stands for nothing would refuse what it was meant to let in. Only classes of storage, Verification (C-ECHO),"
        " and StorageCommitmentPushModel can be negotiated.",
        bad='contexts: [{calling: "*", called: "*", classes: {CTImageStorage: [JPEGBaseline8]}}]',
        good='contexts: [{calling: "*", called: "*", classes: {CTImageStorage: [JPEGBaseline8Bit]}}]',
    ),
    CodeRecord(
        "DR721",
        "a destination that nothing may be proposed to",
        "`contexts` holds for associations that we open, too: what is not listed is not proposed. Without an entry from our"
        " AE title to that of the destination, no instance could ever leave for it.",
        bad="contexts: [{calling: CT_A1, called: DICOMRULES, classes: {all storage: any}}]",
        good="contexts:\n  - {calling: CT_A1, called: DICOMRULES, classes: {all storage: any}}\n"
        "  - {calling: DICOMRULES, called: PACS, classes: {all storage: any}}",
    ),
    CodeRecord(
        "DR722",
        "association settings that never count",
        "For a pair of AE titles the first entry that fits counts. Below one that fits the same pairs, an entry has no"
        " effect: put the one about fewer pairs first, or take it away.",
        bad='contexts:\n  - {calling: "*", called: "*", classes: {all storage: any}}\n'
        "  - {calling: CT_A1, called: DICOMRULES, classes: {CTImageStorage: any}}",
        good="contexts:\n  - {calling: CT_A1, called: DICOMRULES, classes: {CTImageStorage: any}}\n"
        '  - {calling: "*", called: "*", classes: {all storage: any}}',
    ),
    CodeRecord(
        "DR723",
        "certificates that cannot be used",
        "`tls` names files of certificates and keys in PEM. They are opened when the gateway file is checked, and read again"
        " whenever they change: the certificate and its key must belong together, the key must have no passphrase, and keys"
        " of less than 2048 bits RSA and signatures with SHA-1 are too weak for PS3.15 B.12.",
        bad="receivers:\n  modalities:\n    dicom: {port: 2762, tls: {certificate: gw.pem, key: gw.key}}   # not there",
        good="receivers:\n  modalities:\n    dicom: {port: 11112}",
    ),
    CodeRecord(
        "DR724",
        "a key or secret that everybody can read",
        "Who has the private key, or the passcode of a user, can be taken for this gateway, and read what is sent to it. The"
        " file must be for the user of the gateway alone.",
        bad="chmod 644 tls/gw.key",
        good="chmod 600 tls/gw.key",
    ),
    CodeRecord(
        "DR725",
        "a token that is sent without TLS",
        "A token opens a destination to whoever holds it. Over plain HTTP everybody on the way can read it, and the images"
        " with it. On this machine alone (`localhost`, `127.0.0.1`) that does no harm.",
        bad='destinations: {vna: {stow: {url: "http://vna.example/dicom-web", token: {env: VNA_TOKEN}}}}\n'
        "# environment: VNA_TOKEN=long-and-random",
        good='destinations: {vna: {stow: {url: "https://vna.example/dicom-web", token: {env: VNA_TOKEN}}}}\n'
        "# environment: VNA_TOKEN=long-and-random",
    ),
    CodeRecord(
        "DR726",
        "a certificate that nobody asks for",
        "A peer with `certificate` is rejected wherever it cannot show one, and only a receiver whose `tls` has `client_ca`"
        " asks for one. Without such a receiver, nothing that this peer sends could ever come in.",
        bad="peers: {CT_A1: {host: 10.20.3.4, certificate: ct1.example}}\n"
        "receivers:\n  modalities:\n    dicom: {port: 11112}",
        good="peers: {CT_A1: {host: 10.20.3.4}}\nreceivers:\n  modalities:\n    dicom: {port: 11112}",
    ),
    CodeRecord(
        "DR727",
        "a second way to where only one form may go",
        "A destination with `only_through` gets nothing but what went through a group of rules. Another name for the same"
        " AE title at the same host and port, for the same address or bucket, or for a folder inside its folder, without"
        " `only_through`, would let everything else in there.",
        bad="destinations:\n  research: {folder: {path: research}, only_through: [trial]}\n"
        "  raw: {folder: {path: research/raw}}",
        good="destinations:\n  research: {folder: {path: research}, only_through: [trial]}\n  raw: {folder: {path: raw}}",
    ),
    CodeRecord(
        "DR728",
        "a certificate that ends soon",
        "On the day after a certificate has ended no machine gets through any more, and images stay where they were made. The"
        " same goes for the last authority in a file, and for a revocation list whose next one is overdue. It is said 30 days"
        " before; `status` and alarms say it of a gateway that runs (`certificate.ends`).",
        bad="openssl x509 -noout -enddate -in tls/gw.pem   # says: notAfter=Nov 30 12:00:00 2026 GMT",
        good="openssl x509 -noout -enddate -in tls/gw.pem   # says: notAfter=Nov 30 12:00:00 2028 GMT",
        severity=Severity.WARNING,
    ),
)
