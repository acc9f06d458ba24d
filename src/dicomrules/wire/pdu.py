"""The bytes of PDUs: association requests and answers, the short ones, and the heads of P-DATA-TF (PS3.8 9.3; PS3.7
D.3.3).

All of them are nested items of type, reserved byte, 16-bit length and value, so reading them is one loop with a cap on
each count. Nothing here raises anything but `Malformed` on received bytes. Items of unknown type are passed over, as
PS3.8 9.3.1 asks.
"""

import struct
from collections.abc import Iterator

from dicomrules.wire.associate import (
    APPLICATION_CONTEXT,
    AssociateAccept,
    AssociateRequest,
    ContextResult,
    ProposedContext,
    Rejection,
    RoleSelection,
    Titles,
    UserIdentity,
    UserInformation,
)
from dicomrules.wire.errors import AbortReason, Malformed
from dicomrules.wire.limits import WireLimits

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)

_HEAD = struct.Struct(">BxL")
_ITEM = struct.Struct(">BxH")
_FIXED = struct.Struct(">HH16s16s32x")  # protocol version, reserved, called, calling, reserved
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">L")
_PDV = struct.Struct(">BxLLBB")  # a P-DATA-TF head and the head of its only PDV

_PRESENTATION_RQ, _PRESENTATION_AC, _USER = 0x20, 0x21, 0x50
_ABSTRACT, _TRANSFER = 0x30, 0x40
_MAX_LENGTH, _CLASS_UID, _ASYNC, _ROLE, _VERSION_NAME = 0x51, 0x52, 0x53, 0x54, 0x55
_IDENTITY, _IDENTITY_RESPONSE = 0x58, 0x59

COMMAND_BIT, LAST_BIT = 0x01, 0x02


def pdv_header(context_id: int, length: int, control: int) -> bytes:
    """The 12 bytes before `length` bytes of a P-DATA-TF that holds one PDV (PS3.8 9.3.5, E.2)."""
    return _PDV.pack(P_DATA, length + 6, length + 2, context_id, control)


def release_request() -> bytes:
    """An A-RELEASE-RQ (PS3.8 9.3.6)."""
    return _HEAD.pack(RELEASE_RQ, 4) + bytes(4)


def release_response() -> bytes:
    """An A-RELEASE-RP (PS3.8 9.3.7)."""
    return _HEAD.pack(RELEASE_RP, 4) + bytes(4)


def abort(source: int, reason: int) -> bytes:
    """An A-ABORT (PS3.8 9.3.8)."""
    return _HEAD.pack(ABORT, 4) + bytes((0, 0, source, reason))


def rejection(value: Rejection) -> bytes:
    """An A-ASSOCIATE-RJ (PS3.8 9.3.4)."""
    return _HEAD.pack(ASSOCIATE_RJ, 4) + bytes((0, value.result, value.source, value.reason))


def request(value: AssociateRequest) -> bytes:
    """An A-ASSOCIATE-RQ (PS3.8 9.3.2)."""
    contexts = b"".join(
        _item(_PRESENTATION_RQ, bytes((context.id, 0, 0, 0)) + _syntaxes(context)) for context in value.contexts
    )
    body = _fixed(value.called_aet, value.calling_aet) + contexts + _item(_USER, _user_items(value.user))
    return _HEAD.pack(ASSOCIATE_RQ, len(body)) + body


def accept(value: AssociateAccept, called_aet: str, calling_aet: str) -> bytes:
    """An A-ASSOCIATE-AC (PS3.8 9.3.3); the titles are sent back as they came."""
    contexts = b"".join(
        _item(_PRESENTATION_AC, bytes((r.id, 0, r.result, 0)) + _item(_TRANSFER, r.transfer_syntax.encode("ascii")))
        for r in value.results
    )
    body = _fixed(called_aet, calling_aet) + contexts + _item(_USER, _user_items(value.user))
    return _HEAD.pack(ASSOCIATE_AC, len(body)) + body


def read_version(body: bytes) -> int:
    """The protocol version of an A-ASSOCIATE-RQ or -AC: bit 0 is version 1 (PS3.8 9.3.2)."""
    if len(body) < _FIXED.size:
        raise Malformed("an association PDU is shorter than its fixed fields")
    return int(_U16.unpack_from(body)[0])


def read_titles(body: bytes) -> Titles:
    """Both titles of an A-ASSOCIATE-RQ, trimmed of the spaces that do not count (PS3.8 9.3.2). Raises for control
    characters.
    """
    _, _, called, calling = _FIXED.unpack_from(body)
    return Titles(_title(called), _title(calling))


def read_request(body: bytes, titles: Titles, limits: WireLimits) -> AssociateRequest | None:
    """The whole A-ASSOCIATE-RQ; None when its application context is not DICOM's (PS3.7 A.2.1)."""
    contexts: list[ProposedContext] = []
    names, users = [], []
    known: dict[bytes, tuple[str, ...]] = {}
    for kind, value in _items(body[_FIXED.size :], limits.contexts + 16):
        if kind == _PRESENTATION_RQ:
            contexts.append(_read_context(value, limits, known))
        elif kind == 0x10:
            names.append(_uid(value))
        elif kind == _USER:
            users.append(_read_user(value, limits))
    ids = {context.id for context in contexts}
    if len(contexts) > limits.contexts or len(ids) != len(contexts) or not all(id % 2 for id in ids):
        raise Malformed("presentation contexts are too many, or an id is even or comes twice")
    if not contexts or len(names) != 1 or len(users) != 1:
        raise Malformed("an association request needs an application context, contexts and user information")
    if names[0] != APPLICATION_CONTEXT:
        return None
    return AssociateRequest(titles.called_aet, titles.calling_aet, tuple(contexts), users[0])


def read_accept(body: bytes, limits: WireLimits) -> AssociateAccept:
    """The whole A-ASSOCIATE-AC. What it says about titles is not tested (PS3.8 9.3.3)."""
    if not read_version(body) & 1:
        raise Malformed("an association was accepted in another protocol version")
    results, users = [], []
    for kind, value in _items(body[_FIXED.size :], limits.contexts + 16):
        if kind == _PRESENTATION_AC:
            results.append(_read_result(value))
        elif kind == _USER:
            users.append(_read_user(value, limits))
    if len(users) != 1:
        raise Malformed("an accepted association needs user information, once")
    return AssociateAccept(tuple(results), users[0])


def read_rejection(body: bytes) -> Rejection:
    """An A-ASSOCIATE-RJ. Values outside PS3.8 Table 9-21 are kept as they are."""
    return Rejection(body[1], body[2], body[3])


def _item(kind: int, value: bytes) -> bytes:
    return _ITEM.pack(kind, len(value)) + value


def _fixed(called_aet: str, calling_aet: str) -> bytes:
    called, calling = called_aet.encode("ascii").ljust(16), calling_aet.encode("ascii").ljust(16)
    return _FIXED.pack(1, 0, called, calling) + _item(0x10, APPLICATION_CONTEXT.encode("ascii"))


def _syntaxes(context: ProposedContext) -> bytes:
    abstract = _item(_ABSTRACT, context.abstract_syntax.encode("ascii"))
    return abstract + b"".join(_item(_TRANSFER, uid.encode("ascii")) for uid in context.transfer_syntaxes)


def _user_items(user: UserInformation) -> bytes:
    items = _item(_MAX_LENGTH, _U32.pack(user.max_pdu)) + _item(_CLASS_UID, user.implementation_class.encode("ascii"))
    if user.async_ops is not None:
        items += _item(_ASYNC, struct.pack(">HH", *user.async_ops))
    for role in user.roles:
        uid = role.sop_class.encode("ascii")
        items += _item(_ROLE, _U16.pack(len(uid)) + uid + bytes((role.scu, role.scp)))
    if user.implementation_version:
        items += _item(_VERSION_NAME, user.implementation_version.encode("ascii"))
    if user.identity is not None:
        items += _item(_IDENTITY, _identity(user.identity))
    if user.identity_taken:
        items += _item(_IDENTITY_RESPONSE, _U16.pack(0))  # names and passcodes have no response value
    return items


def _identity(identity: UserIdentity) -> bytes:
    primary, secondary = identity.primary, identity.secondary
    head = bytes((identity.kind, identity.wants_response))
    return head + _U16.pack(len(primary)) + primary + _U16.pack(len(secondary)) + secondary


def _items(encoded: bytes, most: int) -> Iterator[tuple[int, bytes]]:
    """The items in `encoded`, `most` of them at most; their lengths must fill it exactly."""
    position, count = 0, 0
    while position < len(encoded):
        count += 1
        if position + 4 > len(encoded) or count > most:
            raise Malformed("items are cut short, or too many")
        kind, length = _ITEM.unpack_from(encoded, position)
        position += 4 + length
        if position > len(encoded):
            raise Malformed("an item is longer than what it lies in")
        yield kind, encoded[position - length : position]


def _read_context(value: bytes, limits: WireLimits, known: dict[bytes, tuple[str, ...]]) -> ProposedContext:
    """One presentation context.

    `known` are lists of transfer syntaxes that were read before, by their bytes: most requestors propose the same list
    in each of their contexts, and reading it once makes the largest of requests cheap.
    """
    if len(value) < 4:
        raise Malformed("a presentation context is shorter than its fixed fields")
    kind, length = _ITEM.unpack_from(value, 4) if len(value) >= 8 else (0, 0)
    listed = value[8 + length :] if kind == _ABSTRACT else b""
    if listed and listed in known:
        return ProposedContext(value[0], _uid(value[8 : 8 + length]), known[listed])
    abstract, transfer = [], []
    for kind, uid in _items(value[4:], limits.transfer_syntaxes + 8):
        if kind == _ABSTRACT:
            abstract.append(_uid(uid))
        elif kind == _TRANSFER:
            transfer.append(_uid(uid))
    if len(abstract) != 1 or not 0 < len(transfer) <= limits.transfer_syntaxes:
        raise Malformed("a presentation context needs one abstract syntax and some transfer syntaxes")
    if listed:
        known[listed] = tuple(transfer)
    return ProposedContext(value[0], abstract[0], tuple(transfer))


def _read_result(value: bytes) -> ContextResult:
    if len(value) < 4:
        raise Malformed("a presentation context result is shorter than its fixed fields")
    syntaxes = [uid for kind, uid in _items(value[4:], 8) if kind == _TRANSFER]
    if value[2] == 0 and len(syntaxes) != 1:
        raise Malformed("an accepted presentation context needs one transfer syntax")
    return ContextResult(value[0], value[2], _uid(syntaxes[0]) if value[2] == 0 else "")


def _read_user(value: bytes, limits: WireLimits) -> UserInformation:
    """The user information item. Extended negotiation is passed over."""
    single: dict[int, bytes] = {}
    roles = []
    for kind, sub in _items(value, 4 * limits.contexts + 16):
        if kind == _ROLE:
            roles.append(_read_role(sub))
        else:
            single.setdefault(kind, sub)
    length, window = single.get(_MAX_LENGTH, bytes(4)), single.get(_ASYNC)
    if len(length) != 4 or (window is not None and len(window) != 4):
        raise Malformed("a user information sub-item of fixed length has another length")
    return UserInformation(
        max_pdu=_U32.unpack(length)[0],
        implementation_class=_printable(single.get(_CLASS_UID, b"")),
        implementation_version=_printable(single.get(_VERSION_NAME, b""))[:16],
        async_ops=struct.unpack(">HH", window) if window is not None else None,
        roles=tuple(roles),
        identity=_read_identity(single[_IDENTITY]) if _IDENTITY in single else None,
        identity_taken=_IDENTITY_RESPONSE in single,
    )


def _read_identity(value: bytes) -> UserIdentity:
    primary = _U16.unpack_from(value, 2)[0] if len(value) >= 4 else 0
    secondary = _U16.unpack_from(value, 4 + primary)[0] if len(value) >= 6 + primary else 0
    if len(value) != 6 + primary + secondary:
        raise Malformed("a user identity sub-item disagrees with its lengths")
    return UserIdentity(value[0], value[1] == 1, value[4 : 4 + primary], value[6 + primary :])


def _read_role(value: bytes) -> RoleSelection:
    length = _U16.unpack_from(value)[0] if len(value) >= 2 else 0
    if len(value) != length + 4:
        raise Malformed("a role selection sub-item disagrees with its length")
    return RoleSelection(_uid(value[2 : 2 + length]), bool(value[-2]), bool(value[-1]))


def _uid(value: bytes) -> str:
    """A UID in an association PDU (PS3.8 Annex F): digits and dots, 64 at most. Padding, though not allowed, is
    taken off.
    """
    uid = value.rstrip(b" \0")
    if not uid or len(uid) > 64 or uid.strip(b"0123456789."):
        raise Malformed("a UID of an association PDU is none", AbortReason.INVALID_PARAMETER)
    return uid.decode("ascii")


def _title(value: bytes) -> str:
    """An AE title (PS3.5 6.2): printable ASCII, leading and trailing spaces do not count. A peer's NUL padding is
    forgiven.
    """
    title = value.rstrip(b"\0").strip(b" ")
    if not title or not title.isascii() or not title.decode("ascii").isprintable():
        raise Malformed("an AE title is empty or holds control or 8-bit characters")
    return title.decode("ascii")


def _printable(value: bytes) -> str:
    """Text that we only show: what is not printable ASCII becomes a question mark, 64 characters at most."""
    return "".join(c if " " <= c <= "~" else "?" for c in value[:64].rstrip(b" \0").decode("latin-1"))
