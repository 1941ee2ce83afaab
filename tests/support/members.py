"""How a member of a RedisHA proves itself to a node or sidecar (common/trust/peer_proof.h), for tests."""
import hashlib
import hmac
import os

KEY = "0123456789abcdef0123456789abcdef"


def proof(key, side, uid, initiator, initiator_nonce, responder, responder_nonce, address):
    fields = [side, uid, initiator, initiator_nonce, responder, responder_nonce, address]
    text = "redisha-proof-2" + "".join(f"|{len(field)}:{field}" for field in fields)
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def dialled(connection):
    """As a member writes the address at the other end of `connection`."""
    host, port = connection.socket.getpeername()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def hello(connection, uid, name, nonce="a" * 64, address=None):
    return connection.command("REDISHA", "HELLO", uid, name, nonce, address or dialled(connection))


def introduce(connection, uid, name, key=KEY, address=None):
    """Returns the answer to PROVE, or the error of HELLO. `address`: another than that which was dialled."""
    address = address or dialled(connection)
    nonce = os.urandom(32).hex()
    answer = hello(connection, uid, name, nonce, address)
    if not isinstance(answer, list):
        return answer
    answer = [word.decode() for word in answer]
    fields = (uid, name, nonce, answer[1], answer[2], address)
    if proof(key, "responder", *fields) not in answer[3:]:
        raise AssertionError(f"{answer[1]} did not prove itself: {answer}")
    return connection.command("REDISHA", "PROVE", proof(key, "initiator", *fields))
