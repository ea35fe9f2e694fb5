"""Whose token: the other way to bind a token to an address, by comparing the identity that the decision tells.

With WAZO_AUTH_IDENTITY, kamailio.cfg requires the same access of all, and registers only the UUID of the token's user.
Alice and Bob have the same access, so nothing but the comparison keeps them apart.
"""

from pathlib import Path

from hosts import Kamailio, Phone


def users_of(simulator):
    """The UUID and the token of alice and bob, and the token of somebody without the access."""
    made = {}
    for name, acl in {"alice.id": ["sip.register"], "bob.id": ["sip.register"], "carol.id": ["sip.subscribe"]}.items():
        simulator.user(name, acl)
    for name in ("alice.id", "bob.id", "carol.id"):
        token = simulator.log_in(name, "password")
        made[name] = token, simulator.ask("GET", f"/token/{token}")["data"]["metadata"]["uuid"]
    return made


def cases(made):
    """Whose token, what it tries, the user of the To URI, the status."""
    (alice, alice_uuid), (bob, bob_uuid), (carol, carol_uuid) = made.values()
    return [
        ("alice", alice, "the address of her UUID", alice_uuid, 200),
        ("alice", alice, "bob's address", bob_uuid, 403),
        ("bob", bob, "his address", bob_uuid, 200),
        ("bob", bob, "alice's address", alice_uuid, 403),
        # Both are known now, to the same workers.
        ("alice", alice, "bob's address, once more", bob_uuid, 403),
        ("alice", alice, "her address in capitals", alice_uuid.upper(), 200),
        ("alice", alice, "bob's address, percent-encoded", f"%{ord(bob_uuid[0]):x}{bob_uuid[1:]}", 403),
        ("alice", alice, "her address with a letter more", f"{alice_uuid}a", 403),
        ("alice", alice, "no address", None, 403),
        ("alice", alice, "an address that is no UUID", "alice", 403),
        ("carol", carol, "her address without the access", carol_uuid, 403),
        ("nobody", "", "an address without a token", alice_uuid, 403),
        ("nobody", "", "an address of the name <null>", "%3Cnull%3E", 403),
    ]


def run(arguments, simulator, folder, check, mode, definitions):
    folder = Path(folder) / f"{mode}-identity"
    folder.mkdir()
    if mode == "blocking":
        run.made = users_of(simulator)
    wanted = [*definitions(folder), "WAZO_AUTH_IDENTITY"]
    with Kamailio(arguments, folder, wanted) as kamailio, Phone(kamailio.port) as phone:
        if not check(f"{mode}, identity: Kamailio starts", kamailio.answers()):
            print(kamailio.log.read_text())
            return
        for who, token, tries, user, expected in cases(run.made):
            to = f"<sip:{user}@127.0.0.1>" if user else "<sip:127.0.0.1>"
            status = phone.ask("REGISTER", f"X-Wazo-Token: {token}", headers={"To": to})
            verb = "registers" if expected == 200 else "does not register"
            check(f"{mode}, identity: {who} {verb} {tries}", status == expected, f"{status}")
        registered = kamailio.addresses()
        own = sorted(run.made[name][1] for name in ("alice.id", "bob.id"))
        check(f"{mode}, identity: no other address is registered", registered == own, ", ".join(registered))
