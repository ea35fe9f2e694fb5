"""The functions for scripts in other languages: the same script in Lua, JavaScript and Python does the same.

One worker serves all, so that a result that outlives its message would be seen by the next one.
"""

from pathlib import Path

from hosts import Kamailio, Phone
from script import ask, identity

ENGINES = {  # the definition of kemi.cfg: the module, its Debian package, the script
    "LUA": ("app_lua.so", "kamailio-lua-modules", "script.lua"),
    "JAVASCRIPT": ("app_jsdt.so", "kamailio", "script.js"),
    "PYTHON": ("app_python3.so", "kamailio-python3-modules", "script.py"),
}


def cases(fresh, good, lacking, tenant, other_tenant):
    """The name of the case, its headers, the answer's reason, and the verdict."""
    acl = {"X-Acl": "sip.register"}
    return [
        ("nothing", {}, "nothing result 0", None),
        ("valid", {"X-Wazo-Token": lacking}, "yes result 1", "allowed"),
        ("nothing", {}, "nothing result 0", None),
        ("valid", {"X-Wazo-Token": "unknown"}, "no result -1", "invalid_token"),
        ("valid", {}, "no result -1", "invalid_token"),
        ("access", {"X-Wazo-Token": good, **acl}, "yes result 1", "allowed"),
        ("access", {"X-Wazo-Token": lacking, **acl}, "no result -1", "missing_access"),
        ("access", {"X-Wazo-Token": good}, "no result -2", "unknown"),
        ("nothing", {}, "nothing result 0", None),
        ("tenant", {"X-Wazo-Token": good, "X-Tenant": tenant}, "yes result 1", "allowed"),
        ("tenant", {"X-Wazo-Token": good, "X-Tenant": other_tenant}, "no result -1", "wrong_tenant"),
        ("tenant", {"X-Wazo-Token": good}, "no result -2", "unknown"),
        ("async", {"X-Wazo-Token": fresh("registering"), **acl}, "resumed result 1", "allowed"),
        ("async", {"X-Wazo-Token": fresh("subscribing"), **acl}, "resumed result -1", "missing_access"),
        ("nothing", {}, "nothing result 0", None),
        ("async", {"X-Wazo-Token": good, **acl}, "at once result 1", "allowed"),
        ("async", {"X-Wazo-Token": lacking, **acl}, "at once result -1", "missing_access"),
        ("async", acl, "at once result -1", "invalid_token"),
        ("async", {"X-Wazo-Token": good}, "at once result -2", "unknown"),
        ("async-tenant", {"X-Wazo-Token": fresh("registering"), "X-Tenant": tenant}, "resumed result 1", "allowed"),
        ("async-tenant", {"X-Wazo-Token": good, "X-Tenant": other_tenant}, "at once result -1", "wrong_tenant"),
        ("member", {"X-Wazo-Token": good}, "<null> result 0", None),
    ]


def run(arguments, simulator, folder, check, report):
    """After script.run(), whose users it uses."""
    here = Path(__file__).with_name("kemi")
    tenant = simulator.ask("GET", "/tenants")["items"][0]["uuid"]
    for engine, (module, package, script) in ENGINES.items():
        if not (arguments.kamailio_modules / module).exists():
            report.skip(f"KEMI, {script}", f"{module} is missing: apt-get install {package}")
            continue
        own = Path(folder) / f"kemi-{engine.lower()}"
        own.mkdir()

        def fresh(name):
            return simulator.log_in(name, "password")

        made = cases(fresh, fresh("registering"), fresh("subscribing"), tenant, "00000000-0000-4000-8000-000000000000")
        wanted = [(*case, identity(simulator, case[1].get("X-Wazo-Token"), case[3])) for case in made]
        definitions = [f'WAZO_AUTH_URL="{simulator.urls["http"]}"', engine, f'SCRIPT="{here / script}"']
        with Kamailio(arguments, own, definitions, config=here / "kemi.cfg", workers=1) as kamailio:
            with Phone(kamailio.port) as phone:
                if not check(f"KEMI, {script}: Kamailio starts", kamailio.answers()):
                    print(kamailio.log.read_text())
                    continue
                for name, headers, expected, verdict, whose in wanted:
                    answer = (ask(phone, name, headers), phone.header("X-Identity"))
                    is_right = answer == (f"SIP/2.0 200 {expected}", whose)
                    told = ", ".join(headers) or "no header"
                    figures = f"{expected}, {verdict}" if is_right else f"expected {expected}, {whose}, got {answer}"
                    check(f"KEMI, {script}: {name}, {told}", is_right, figures)
                problems = kamailio.problems()
                check(f"KEMI, {script}: nothing wrong in Kamailio's log", not problems, "\n     ".join(problems[:5]))
