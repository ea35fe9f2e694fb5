"""What a script sees of the module: return codes, $wazo_auth_result and $wazo_auth_error, for every form of both calls.

One worker serves all, so that a result that outlives its message would be seen by the next one.
"""

from pathlib import Path

from hosts import Kamailio, Phone

YES, NO = "rc 1 result 1 error <null>", "rc -1 result -1 error <null>"
NOTHING_ASKED = "rc 0 result <null> error <null>"
EMPTY = "rc -2 result -2 error invalid_argument"
RESUMED_YES, RESUMED_NO = "resumed result 1 error <null>", "resumed result -1 error <null>"


def cases(good, lacking, tenant, other_tenant, owner):
    """The name of the case, its headers, the answer's reason."""
    acl = {"X-Acl": "sip.register"}
    return [
        ("valid", {"X-Wazo-Token": lacking}, YES),
        ("nothing", {}, NOTHING_ASKED),
        ("valid", {"X-Wazo-Token": "unknown"}, NO),
        ("valid", {}, NO),
        ("valid", {"X-Wazo-Token": ""}, NO),
        ("access", {"X-Wazo-Token": good, **acl}, YES),
        ("access", {"X-Wazo-Token": lacking, **acl}, NO),
        ("nothing", {}, NOTHING_ASKED),
        ("access", {"X-Wazo-Token": good}, EMPTY),
        ("access", {"X-Wazo-Token": good, "X-Acl": ""}, EMPTY),
        ("part", {"X-Wazo-Token": good, "X-Acl": "register"}, YES),
        ("part", {"X-Wazo-Token": good, "X-Acl": "other"}, NO),
        ("part", {"X-Wazo-Token": good}, EMPTY),
        ("nothing", {}, NOTHING_ASKED),
        ("tenant", {"X-Wazo-Token": good, "X-Tenant": tenant}, YES),
        ("tenant", {"X-Wazo-Token": good, "X-Tenant": other_tenant}, NO),
        ("tenant", {"X-Wazo-Token": good}, EMPTY),
        ("if", {"X-Wazo-Token": good, **acl}, "rc 100 result 1 error <null>"),
        ("if", {"X-Wazo-Token": lacking, **acl}, "rc 0 result -1 error <null>"),
        ("if", {"X-Wazo-Token": good}, "rc 0 result -2 error invalid_argument"),
        ("async", {"X-Wazo-Token": good, **acl}, RESUMED_YES),
        ("async", {"X-Wazo-Token": lacking, **acl}, RESUMED_NO),
        ("async", {"X-Wazo-Token": 'a"b\\c', **acl}, RESUMED_NO),
        ("async", acl, NO),
        ("async", {"X-Wazo-Token": good}, EMPTY),
        ("nothing", {}, NOTHING_ASKED),
        ("async-tenant", {"X-Wazo-Token": good, "X-Tenant": tenant}, RESUMED_YES),
        ("async-tenant", {"X-Wazo-Token": good, "X-Tenant": other_tenant}, RESUMED_NO),
        ("async-tenant", {"X-Wazo-Token": good}, EMPTY),
        ("async-twice", {"X-Wazo-Token": good}, "resumed first -1 result 1"),
        ("whose", {"X-Wazo-Token": good}, f"whose allowed {owner} {tenant}"),
        ("nothing", {}, NOTHING_ASKED),
        ("whose", {"X-Wazo-Token": "unknown"}, "whose invalid_token <null> <null>"),
        ("whose-async", {"X-Wazo-Token": good}, f"whose allowed {owner} {tenant}"),
        ("whose-async", {"X-Wazo-Token": lacking}, None),
        ("nothing", {}, NOTHING_ASKED),
    ]


# Tokens that no server can know: they are answered no, and wazo-auth is not asked. The lone surrogate is the byte FF.
HOSTILE = [".", "..", "../users", "a/../b", "a\\..\\b", "a\x01b", "a\x7f", "caf\udcc3", "\udcff"]
HOSTILE += ["x" * 8001, "%" * 2667]


def ask(phone, name, headers):
    lines = [f"X-Case: {name}", *(f"{key}: {value}" for key, value in headers.items())]
    return phone.ask_line("INFO", "\r\n".join(lines))


def hostile(phone, simulator, check):
    """Each hostile token, in both functions, and none of them in a request."""
    simulator.request("DELETE", "/_simulator/requests")
    # The answer is known, so that nothing is suspended.
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


def in_lua(arguments, simulator, folder, check, good, lacking, tenant, owner):
    """The same from a script in Lua (KEMI)."""
    if not (arguments.kamailio_modules / "app_lua.so").exists():
        check("lua: Kamailio's module for it is there (kamailio-lua-modules)", False)
        return
    folder = Path(folder) / "lua"
    folder.mkdir()
    here = Path(__file__).resolve().parent
    wanted = [f'WAZO_AUTH_URL="{simulator.urls["http"]}"', f'WAZO_AUTH_LUA="{here / "kemi.lua"}"']
    with Kamailio(arguments, folder, wanted, config=here / "kemi.cfg", workers=1) as kamailio, \
            Phone(kamailio.port) as phone:
        if not check("lua: Kamailio starts", kamailio.answers()):
            print(kamailio.log.read_text())
            return
        for name, headers, expected in [
            ("nothing", {}, "lua 0 nobody"),
            ("valid", {"X-Wazo-Token": good}, f"lua 1 {owner}"),
            ("valid", {"X-Wazo-Token": "unknown"}, "lua -1 nobody"),
            ("valid", {}, "lua -1 nobody"),
            ("access", {"X-Wazo-Token": good, "X-Acl": "sip.register"}, f"lua 1 {owner}"),
            ("access", {"X-Wazo-Token": lacking, "X-Acl": "sip.register"}, None),
            ("access", {"X-Wazo-Token": good}, "lua -2 nobody"),
            ("tenant", {"X-Wazo-Token": good, "X-Tenant": tenant}, f"lua 1 {owner}"),
            ("nothing", {}, "lua 0 nobody"),
        ]:
            answer = ask(phone, name, headers)
            is_right = answer == f"SIP/2.0 200 {expected}" if expected else answer.startswith("SIP/2.0 200 lua -1 ")
            check(f"lua: {name}, {', '.join(headers) or 'no header'}", is_right, f"expected {expected}, got {answer}")


def run(arguments, simulator, folder, check):
    above = folder
    folder = Path(folder) / "script"
    folder.mkdir()
    simulator.user("registering", ["sip.register"])
    simulator.user("subscribing", ["sip.subscribe", "sip.register.other"])
    good, lacking = (simulator.log_in(name, "password") for name in ("registering", "subscribing"))
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
        simulator.request("DELETE", "/_simulator/requests")
        owner = simulator.ask("GET", f"/token/{good}")["data"]["auth_id"]
        other = simulator.ask("GET", f"/token/{lacking}")["data"]["auth_id"]
        for name, headers, expected in cases(good, lacking, top, unknown_tenant, owner):
            answer = ask(phone, name, headers)
            expected = expected or f"whose missing_access {other} {top}"
            is_right = answer == f"SIP/2.0 200 {expected}"
            told = ", ".join(key for key in headers) or "no header"
            check(f"script: {name}, {told}", is_right, expected if is_right else f"expected {expected}, got {answer}")
        paths = [request["path"] for request in simulator.request("GET", "/_simulator/requests")["items"]]
        check("script: nothing is asked about what has no value", not any("null" in path for path in paths))
        hostile(phone, simulator, check)
    in_lua(arguments, simulator, above, check, good, lacking, top, owner)
