"""KSR.wazo_auth in Python: the header X-Case names the call; the reason of the answer tells what came of it."""

import KSR  # Kamailio's own module


def header(name):
    return KSR.pv.get(f"$hdr({name})") or ""


def mod_init():
    return Script()


class Script:
    def child_init(self, rank):
        return 0

    def reply(self, outcome):
        names = ("verdict", "user_uuid", "tenant_uuid", "session_uuid")
        members = " ".join(KSR.wazo_auth.get(name) or "<null>" for name in names)
        KSR.hdr.append_to_reply(f"X-Identity: {members}\r\n")
        KSR.sl.send_reply(200, f"{outcome} result {KSR.wazo_auth.result()}")

    def on_answer(self, msg):
        """The callback of an asynchronous check: wazo-auth has answered."""
        self.reply("resumed")
        return 1

    def ksr_request_route(self, msg):
        case, token = header("X-Case"), header("X-Wazo-Token")
        outcome = "nothing"
        if case == "valid":
            outcome = "yes" if KSR.wazo_auth.check(token) else "no"
        elif case == "access":
            outcome = "yes" if KSR.wazo_auth.check_acl(token, header("X-Acl")) else "no"
        elif case == "tenant":
            outcome = "yes" if KSR.wazo_auth.check_tenant(token, "sip.register", header("X-Tenant")) else "no"
        elif case == "async":
            if KSR.wazo_auth.suspend_acl(token, header("X-Acl"), "on_answer"):
                return 1
            outcome = "at once"
        elif case == "async-tenant":
            if KSR.wazo_auth.suspend_tenant(token, "sip.register", header("X-Tenant"), "on_answer"):
                return 1
            outcome = "at once"
        elif case == "member":
            outcome = KSR.wazo_auth.get("password") or "<null>"
        self.reply(outcome)
        return 1
