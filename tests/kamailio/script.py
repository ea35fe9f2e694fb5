"""What a script sees of the module: return codes and variables, for every form of both calls.

One worker serves all, so that a result that outlives its message would be seen by the next one.
"""

from pathlib import Path

from hosts import Kamailio, Phone

YES, NO = "rc 1 result 1 error <null>", "rc -1 result -1 error <null>"
NOTHING_ASKED = "rc 0 result <null> error <null>"
EMPTY = "rc -2 result -2 error invalid_argument"
RESUMED_YES, RESUMED_NO = "resumed result 1 error <null>", "resumed result -1 error <null>"


def cases(log_in, good, lacking, user, tenant, other_tenant):
    """The name of the case, its headers, the answer's reason, and the verdict."""
    acl = {"X-Acl": "sip.register"}
    fresh = log_in  # a token that nobody has asked about
    return [
        ("valid", {"X-Wazo-Token": lacking}, YES, "allowed"),
        ("nothing", {}, NOTHING_ASKED, None),
        ("valid", {"X-Wazo-Token": "unknown"}, NO, "invalid_token"),
        ("valid", {}, NO, "invalid_token"),
        ("valid", {"X-Wazo-Token": ""}, NO, "invalid_token"),
        ("access", {"X-Wazo-Token": good, **acl}, YES, "allowed"),
        ("access", {"X-Wazo-Token": lacking, **acl}, NO, "missing_access"),
        ("nothing", {}, NOTHING_ASKED, None),
        ("access", {"X-Wazo-Token": good}, EMPTY, "unknown"),
        ("access", {"X-Wazo-Token": good, "X-Acl": ""}, EMPTY, "unknown"),
        ("part", {"X-Wazo-Token": good, "X-Acl": "register"}, YES, "allowed"),
        ("part", {"X-Wazo-Token": good, "X-Acl": "other"}, NO, "missing_access"),
        ("part", {"X-Wazo-Token": good}, EMPTY, "unknown"),
        ("nothing", {}, NOTHING_ASKED, None),
        ("tenant", {"X-Wazo-Token": good, "X-Tenant": tenant}, YES, "allowed"),
        ("tenant", {"X-Wazo-Token": good, "X-Tenant": other_tenant}, NO, "wrong_tenant"),
        ("tenant", {"X-Wazo-Token": good}, EMPTY, "unknown"),
        ("if", {"X-Wazo-Token": good, **acl}, "rc 100 result 1 error <null>", "allowed"),
        ("if", {"X-Wazo-Token": lacking, **acl}, "rc 0 result -1 error <null>", "missing_access"),
        ("if", {"X-Wazo-Token": good}, "rc 0 result -2 error invalid_argument", "unknown"),
        ("compare", {"X-Wazo-Token": good, "X-User": user}, "rc 100 result 1 error <null>", "allowed"),
        ("compare", {"X-Wazo-Token": lacking, "X-User": user}, "rc 0 result 1 error <null>", "allowed"),
        ("async", {"X-Wazo-Token": fresh("registering"), **acl}, RESUMED_YES, "allowed"),
        ("async", {"X-Wazo-Token": fresh("subscribing"), **acl}, RESUMED_NO, "missing_access"),
        ("async", {"X-Wazo-Token": 'a"b\\c', **acl}, RESUMED_NO, "invalid_token"),
        # What is known does not suspend the transaction.
        ("async", {"X-Wazo-Token": good, **acl}, YES, "allowed"),
        ("async", {"X-Wazo-Token": lacking, **acl}, NO, "missing_access"),
        ("async", {"X-Wazo-Token": 'a"b\\c', **acl}, NO, "invalid_token"),
        ("async", acl, NO, "invalid_token"),
        ("async", {"X-Wazo-Token": good}, EMPTY, "unknown"),
        ("nothing", {}, NOTHING_ASKED, None),
        ("async-tenant", {"X-Wazo-Token": fresh("registering"), "X-Tenant": tenant}, RESUMED_YES, "allowed"),
        ("async-tenant", {"X-Wazo-Token": fresh("registering"), "X-Tenant": other_tenant}, RESUMED_NO, "wrong_tenant"),
        ("async-tenant", {"X-Wazo-Token": good, "X-Tenant": other_tenant}, NO, "wrong_tenant"),
        ("async-tenant", {"X-Wazo-Token": good}, EMPTY, "unknown"),
        ("async-twice", {"X-Wazo-Token": fresh("registering"), "X-Other-Token": fresh("subscribing")},
         "resumed first -1 result 1", "allowed"),
        ("nothing", {}, NOTHING_ASKED, None),
    ]


def identity(simulator, token, verdict):
    """What the header X-Identity must say."""
    if verdict in (None, "unknown", "invalid_token"):
        return " ".join([verdict or "<null>", *["<null>"] * 3])
    data = simulator.ask("GET", f"/token/{token}")["data"]
    return " ".join([verdict, data["metadata"]["uuid"], data["metadata"]["tenant_uuid"], data["session_uuid"]])


# Tokens that no server can know: they are answered no, and wazo-auth is not asked. The lone surrogate is the byte FF.
HOSTILE = [".", "..", "../users", "a/../b", "a\\..\\b", "a\x01b", "a\x7f", "caf\udcc3", "\udcff"]
HOSTILE += ["x" * 8001, "%" * 2667]


def ask(phone, name, headers):
    lines = [f"X-Case: {name}", *(f"{key}: {value}" for key, value in headers.items())]
    return phone.ask_line("INFO", "\r\n".join(lines))


def hostile(phone, simulator, check):
    """Each hostile token, in both functions, and none of them in a request."""
    simulator.request("DELETE", "/_simulator/requests")
    for name, expected in [("valid", NO), ("access", NO), ("async", NO)]:
        answers = {ask(phone, name, {"X-Wazo-Token": token, "X-Acl": "sip.register"}) for token in HOSTILE}
        figures = f"{len(HOSTILE)} tokens: {', '.join(sorted(map(str, answers)))}"
        is_right = answers == {f"SIP/2.0 200 {expected}"}
        check(f"script: {name}, a token that no server can know is a no", is_right, figures)
    # With a NUL byte in it, the script has no token.
    answers = {ask(phone, name, {"X-Wazo-Token": "a\0b", "X-Acl": "sip.register"}) for name in ("access", "async")}
    check("script: neither is a token with a NUL byte a yes", answers == {f"SIP/2.0 200 {NO}"}, str(answers))
    asked = simulator.request("GET", "/_simulator/requests")["items"]
    check("script: wazo-auth is not asked about any of them", asked == [], f"{len(asked)} requests")


def run(arguments, simulator, folder, check):
    folder = Path(folder) / "script"
    folder.mkdir()
    simulator.user("registering", ["sip.register"])
    simulator.user("subscribing", ["sip.subscribe", "sip.register.other"])

    def log_in(name):
        return simulator.log_in(name, "password")

    good, lacking = log_in("registering"), log_in("subscribing")
    user = simulator.ask("GET", f"/token/{good}")["data"]["metadata"]["uuid"]
    top = simulator.ask("GET", "/tenants")["items"][0]["uuid"]
    other = simulator.ask("POST", "/tenants", {"name": "other"})["uuid"]
    stranger = simulator.ask("POST", "/users", {"username": "stranger", "password": "password"})["tenant_uuid"]
    assert stranger == top != other
    config = Path(__file__).with_name("script.cfg")
    definition = f'WAZO_AUTH_URL="{simulator.urls["http"]}"'
    unknown_tenant = "00000000-0000-4000-8000-000000000000"
    with Kamailio(arguments, folder, [definition], config=config, workers=1) as kamailio, Phone(kamailio.port) as phone:
        if not check("script: Kamailio starts", kamailio.answers()):
            print(kamailio.log.read_text())
            return
        wanted = [
            (*case, identity(simulator, case[1].get("X-Wazo-Token"), case[3]))
            for case in cases(log_in, good, lacking, user, top, unknown_tenant)
        ]
        simulator.request("DELETE", "/_simulator/requests")
        for name, headers, expected, verdict, whose in wanted:
            answer = (ask(phone, name, headers), phone.header("X-Identity"))
            is_right = answer == (f"SIP/2.0 200 {expected}", whose)
            told = ", ".join(key for key in headers) or "no header"
            figures = f"{expected}, {verdict}" if is_right else f"expected {expected}, {whose}, got {answer}"
            check(f"script: {name}, {told}", is_right, figures)
        paths = [request["path"] for request in simulator.request("GET", "/_simulator/requests")["items"]]
        check("script: nothing is asked about what has no value", not any("null" in path for path in paths))
        hostile(phone, simulator, check)
