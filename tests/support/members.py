"""How a member of a RedisHA proves itself to a node or sidecar (common/trust/peer_proof.h), for tests."""
import hashlib
import hmac
import os

KEY = "0123456789abcdef0123456789abcdef"


def proof(key, side, uid, initiator, initiator_nonce, responder, responder_nonce):
    fields = [side, uid, initiator, initiator_nonce, responder, responder_nonce]
    text = "redisha-proof-1" + "".join(f"|{len(field)}:{field}" for field in fields)
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def introduce(ask, uid, name, key=KEY):
    """`ask(*words)` sends a request and returns its reply. Returns the answer to PROVE, or the error of HELLO."""
    nonce = os.urandom(32).hex()
    answer = ask("REDISHA", "HELLO", uid, name, nonce)
    if not isinstance(answer, list):
        return answer
    answer = [word.decode() for word in answer]
    expected = proof(key, "responder", uid, name, nonce, answer[1], answer[2])
    if expected not in answer[3:]:
        raise AssertionError(f"{answer[1]} did not prove itself: {answer}")
    return ask("REDISHA", "PROVE", proof(key, "initiator", uid, name, nonce, answer[1], answer[2]))
