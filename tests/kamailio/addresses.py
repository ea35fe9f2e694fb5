"""Whose address: a token registers only the addresses that it has the access for.

kamailio.cfg asks for the access of the user in the To URI. Each case is one REGISTER: the token of a user, the headers
From, To and Contact that it may try with, and the status that it must get. At the end the registrar is asked what it
has registered: an answer of 403 would not help if the address had been saved all the same.
"""

from pathlib import Path

from hosts import Kamailio, Phone

ALICE, BOB = "<sip:alice@127.0.0.1>", "<sip:bob@127.0.0.1>"


def tokens_of(simulator):
    """A token for each kind of access list."""
    lists = {
        "alice": ["sip.alice.register"],
        "bob": ["sip.bob.register"],
        "capital": ["sip.Bob.register"],
        "unbound": ["sip.register"],
        "dotted": ["sip.a_b.register"],
        "reserved": ["sip.me.register", "sip.my_session.register", "sip.edit.register"],
        "everybody": ["sip.*.register"],
    }
    for name, acl in lists.items():
        simulator.user(name, acl)
    tokens = {name: simulator.log_in(name, "password") for name in lists}
    own = simulator.ask("GET", f"/token/{tokens['reserved']}")["data"]["metadata"]["uuid"]
    return tokens, own


def cases(own):
    """Whose token, what it tries, the headers besides the usual ones, the status."""

    def to(user):
        return {"To": f"<sip:{user}@127.0.0.1>"}

    allowed = [
        ("alice", "her own address", to("alice")),
        ("alice", "her own address, from bob", {"To": ALICE, "From": f"{BOB};tag=1"}),
        ("alice", "her own address, with bob's as the contact", {"To": ALICE, "Contact": BOB}),
        ("alice", "her own address in capitals", to("ALICE")),
        ("alice", "her own address in another domain", {"To": "<sip:alice@example.com>"}),
        ("reserved", "the address of its own UUID", to(own)),
        ("everybody", "carol's address, with an access for all", to("carol")),
    ]
    refused = [
        ("alice", "bob's address", to("bob")),
        ("bob", "alice's address", to("alice")),
        ("alice", "bob's address, from alice", {"To": BOB, "From": f"{ALICE};tag=1"}),
        ("alice", "bob's address, with her own as the contact", {"To": BOB, "Contact": ALICE}),
        ("alice", "to remove all contacts of bob", {"To": BOB, "Contact": "*", "Expires": "0"}),
        ("alice", "bob's address in capitals", to("BOB")),
        ("alice", "bob's address, percent-encoded", to("%62ob")),
        ("alice", "bob's address with her name in front", {"To": f'"<sip:alice@127.0.0.1>" {BOB}'}),
        ("alice", "bob's address in a short header", {"To": [], "t": BOB}),
        ("alice", "bob's address with a password", to("bob:alice")),
        ("alice", "bob's address as a telephone number", {"To": "<tel:bob>"}),
        ("alice", "bob's address over TLS", {"To": "<sips:bob@127.0.0.1>"}),
        ("capital", "bob's address with an access for Bob", to("Bob")),
        ("unbound", "any address, with an access that names none", to("bob")),
        ("alice", "no address", {"To": "<sip:127.0.0.1>"}),
        ("alice", "a word more", to("alice.x")),
        ("dotted", "a.b with the access for a_b", to("a.b")),
        ("everybody", "a wildcard", to("*")),
        ("everybody", "a wildcard for several words", to("%23")),
        ("everybody", "a negation", to("!bob")),
        ("everybody", "a parameter in the user", to("bob;x=y")),
        ("reserved", "me", to("me")),
        ("reserved", "my_session", to("My_Session")),
        ("reserved", "edit", to("edit")),
        ("reserved", "update", to("update")),
    ]
    return [(*case, 200) for case in allowed] + [(*case, 403) for case in refused]


def run(arguments, simulator, folder, check, mode, definitions):
    folder = Path(folder) / f"{mode}-addresses"
    folder.mkdir()
    tokens, own = tokens_of(simulator) if mode == "blocking" else run.made
    run.made = tokens, own
    with Kamailio(arguments, folder, definitions(folder)) as kamailio, Phone(kamailio.port) as phone:
        if not check(f"{mode}, addresses: Kamailio starts", kamailio.answers()):
            print(kamailio.log.read_text())
            return
        for user, tries, headers, expected in cases(own):
            status = phone.ask("REGISTER", f"X-Wazo-Token: {tokens[user]}", headers=headers)
            verb = "registers" if expected == 200 else "does not register"
            if tries.startswith("to "):
                verb = "is not let"
            check(f"{mode}: the token of {user} {verb} {tries}", status == expected, f"{status}")
        registered = kamailio.addresses()
        check(f"{mode}: no other address is registered", registered == sorted(["alice", "carol", own]),
              ", ".join(registered))
