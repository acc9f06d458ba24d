"""A peer that speaks the DICOM upper layer (PS3.8) by hand, so that it can also say what no library would.

Everything is put together from bytes here and shares no code with what it tests.
"""

import socket
import struct
import threading
from contextlib import suppress

CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"

RELEASE_RQ = b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00"
RELEASE_RP = b"\x06\x00\x00\x00\x00\x04\x00\x00\x00\x00"
ABORT = b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00"
REJECT = b"\x03\x00\x00\x00\x00\x04\x00\x01\x01\x01"


def item(kind, value):
    """An item or sub-item (PS3.8 9.3.2)."""
    return struct.pack(">BxH", kind, len(value)) + value


def pdu(kind, body, length=None):
    """A PDU; its length may be a lie."""
    return struct.pack(">BxL", kind, len(body) if length is None else length) + body


def associate_rq(contexts=((1, CT, EXPLICIT), (3, VERIFICATION, IMPLICIT)), calling="RAW", called="ROUTER", extra=b""):
    """An A-ASSOCIATE-RQ; contexts are (id, abstract, transfer syntax), `extra` goes into the user information."""
    body = struct.pack(">HH16s16s32x", 1, 0, called.encode("latin-1").ljust(16), calling.encode("latin-1").ljust(16))
    body += item(0x10, b"1.2.840.10008.3.1.1.1")
    for number, abstract, transfer in contexts:
        syntaxes = item(0x30, abstract.encode()) + item(0x40, transfer.encode())
        body += item(0x20, bytes((number, 0, 0, 0)) + syntaxes)
    body += item(0x50, item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4") + extra)
    return pdu(0x01, body)


def associate_ac(contexts=((1, EXPLICIT), (3, IMPLICIT)), max_pdu=16384):
    """An A-ASSOCIATE-AC that accepts contexts, given as (id, transfer syntax)."""
    body = struct.pack(">HH16s16s32x", 1, 0, b"SINK".ljust(16), b"RAW".ljust(16)) + item(0x10, b"1.2.840.10008.3.1.1.1")
    for number, transfer in contexts:
        body += item(0x21, bytes((number, 0, 0, 0)) + item(0x40, transfer.encode()))
    return pdu(0x02, body + item(0x50, item(0x51, struct.pack(">L", max_pdu)) + item(0x52, b"1.2.3.4")))


def largest_rq(contexts=128, syntaxes=40, **titles):
    """The largest A-ASSOCIATE-RQ that PS3.8 9.3.2.2 allows, or nearly: 128 contexts of 40 transfer syntaxes each."""
    listed = b"".join(item(0x40, f"1.2.840.10008.1.2.4.{50 + number}".encode()) for number in range(syntaxes))
    proposed = b"".join(
        item(
            0x20,
            bytes((2 * number + 1, 0, 0, 0)) + item(0x30, f"1.2.840.10008.5.1.4.1.1.{number + 2}".encode()) + listed,
        )
        for number in range(contexts)
    )
    body = associate_rq(contexts=(), **titles)[6:]
    head = 68 + 4 + len("1.2.840.10008.3.1.1.1")
    return pdu(0x01, body[:head] + proposed + body[head:])


def pdv(context, control, payload, length=None):
    """A presentation data value item (PS3.8 9.3.5.1); its length may be a lie."""
    return struct.pack(">LBB", len(payload) + 2 if length is None else length, context, control) + payload


def p_data(*values):
    """A P-DATA-TF of presentation data values."""
    return pdu(0x04, b"".join(values))


def element(number, value):
    """An element of group 0000, Implicit VR Little Endian."""
    return struct.pack("<HHL", 0, number, len(value)) + value


def uid(text):
    """A UID value, padded to even length."""
    return text.encode() + b"\0" * (len(text) % 2)


def us(number):
    """An unsigned short."""
    return struct.pack("<H", number)


def command(*elements):
    """A command set with its group length."""
    body = b"".join(elements)
    return element(0, struct.pack("<L", len(body))) + body


def c_store_rq(instance, sop_class=CT, message_id=1):
    """A C-STORE-RQ command set."""
    return command(
        element(0x0002, uid(sop_class)),
        element(0x0100, us(1)),
        element(0x0110, us(message_id)),
        element(0x0700, us(0)),
        element(0x0800, us(1)),
        element(0x1000, uid(instance)),
    )


def c_echo_rq(message_id=1, field=0x30):
    """A C-ECHO-RQ command set, or one of another operation without a data set."""
    return command(
        element(0x0002, uid(VERIFICATION)),
        element(0x0100, us(field)),
        element(0x0110, us(message_id)),
        element(0x0800, us(0x0101)),
    )


def parse_command(encoded):
    """Element number -> raw value."""
    found, position = {}, 0
    while position < len(encoded):
        _, number, length = struct.unpack_from("<HHL", encoded, position)
        found[number] = encoded[position + 8 : position + 8 + length]
        position += 8 + length
    return found


class RawPeer:
    """One connection, as a requestor, from the address `source`. A context manager that closes it."""

    def __init__(self, port, timeout=10.0, source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))

    @classmethod
    def at(cls, connected):
        """The peer at a socket that is connected already, whoever connected it."""
        peer = cls.__new__(cls)
        peer.socket = connected
        return peer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *chunks):
        """Send bytes as they are."""
        self.socket.sendall(b"".join(chunks))

    def receive(self):
        """The next PDU as (type, body), or None when the other side has closed."""
        head = self._exactly(6)
        if head is None:
            return None
        kind, length = struct.unpack(">BxL", head)
        return kind, self._exactly(length)

    def _exactly(self, wanted):
        received = b""
        while len(received) < wanted:
            try:
                chunk = self.socket.recv(wanted - len(received))
            except ConnectionResetError:
                return None
            if not chunk:
                return None
            received += chunk
        return received

    def associate(self, **request):
        """Request an association and return the body of the A-ASSOCIATE-AC."""
        self.send(associate_rq(**request))
        kind, body = self.receive()
        assert kind == 0x02, f"no acceptance but a PDU of type {kind}"
        return body

    def response(self):
        """The next command set that comes."""
        kind, body = self.receive()
        assert kind == 0x04, f"no P-DATA-TF but a PDU of type {kind}: {body!r}"
        return parse_command(body[6:])

    def status(self):
        """The status of the next response."""
        return struct.unpack("<H", self.response()[0x0900])[0]

    def store(self, instance, dataset, context=1, **request):
        """C-STORE in two PDUs and the status of its response."""
        self.send(p_data(pdv(context, 3, c_store_rq(instance, **request))), p_data(pdv(context, 2, dataset)))
        return self.status()

    def echo(self):
        """C-ECHO and the status of its response."""
        self.send(p_data(pdv(3, 3, c_echo_rq())))
        return self.status()

    def abort_received(self):
        """(source, reason) of the A-ABORT that must come next."""
        kind, body = self.receive()
        assert kind == 0x07, f"no A-ABORT but a PDU of type {kind}"
        return body[2], body[3]

    def reset(self):
        """Break the connection with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def closed_within(self, seconds):
        """Whether the other side closes in time, whatever it says before."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True
        return True


class RawAcceptor:
    """Listens, and plays `script(peer)` to the first who connects; a context manager that waits for its end.

    What goes wrong in the script is raised at the end of the block.
    """

    def __init__(self, script):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.port = self._listener.getsockname()[1]
        self._script = script
        self._error = None
        self._thread = threading.Thread(target=self._play, daemon=True)

    def _play(self):
        try:
            accepted, _ = self._listener.accept()
            accepted.settimeout(10)
            with RawPeer.at(accepted) as peer:
                self._script(peer)
        except BaseException as error:  # noqa: BLE001 - raised again below
            self._error = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace):
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._thread.join(15)
        self._listener.close()
        if self._error is not None and error is None:
            raise self._error
