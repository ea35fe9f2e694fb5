// KSR.wazo_auth in JavaScript: the header X-Case names the call; the reason of the answer tells what came of it.

function header(name) {
    return KSR.pv.get("$hdr(" + name + ")") || "";
}

function reply(outcome) {
    var members = ["verdict", "user_uuid", "tenant_uuid", "session_uuid"].map(function (name) {
        return KSR.wazo_auth.get(name) || "<null>";
    });
    KSR.hdr.append_to_reply("X-Identity: " + members.join(" ") + "\r\n");
    KSR.sl.send_reply(200, outcome + " result " + KSR.wazo_auth.result());
}

// The callback of an asynchronous check: wazo-auth has answered.
function on_answer() {
    reply("resumed");
}

function ksr_request_route() {
    var token = header("X-Wazo-Token");
    var outcome = "no";
    switch (header("X-Case")) {
    case "valid":
        if (KSR.wazo_auth.check(token)) outcome = "yes";
        break;
    case "access":
        if (KSR.wazo_auth.check_acl(token, header("X-Acl"))) outcome = "yes";
        break;
    case "tenant":
        if (KSR.wazo_auth.check_tenant(token, "sip.register", header("X-Tenant"))) outcome = "yes";
        break;
    case "async":
        if (KSR.wazo_auth.suspend_acl(token, header("X-Acl"), "on_answer")) return;
        outcome = "at once";
        break;
    case "async-tenant":
        if (KSR.wazo_auth.suspend_tenant(token, "sip.register", header("X-Tenant"), "on_answer")) return;
        outcome = "at once";
        break;
    case "member":
        outcome = KSR.wazo_auth.get("password") || "<null>";
        break;
    default:
        outcome = "nothing";
    }
    reply(outcome);
}
