-- KSR.wazo_auth in Lua: the header X-Case names the call; the reason of the answer tells what came of it.

local function header(name)
    return KSR.pv.get("$hdr(" .. name .. ")")
end

local function reply(outcome)
    local members = {}
    for _, name in ipairs({ "verdict", "user_uuid", "tenant_uuid", "session_uuid" }) do
        members[#members + 1] = KSR.wazo_auth.get(name) or "<null>"
    end
    KSR.hdr.append_to_reply("X-Identity: " .. table.concat(members, " ") .. "\r\n")
    KSR.sl.send_reply(200, outcome .. " result " .. KSR.wazo_auth.result())
end

-- The callback of an asynchronous check: wazo-auth has answered.
function on_answer()
    reply("resumed")
end

function ksr_request_route()
    local case, token = header("X-Case"), header("X-Wazo-Token")
    local outcome = "no"
    if case == "nothing" or not case then
        outcome = "nothing"
    elseif case == "valid" then
        if KSR.wazo_auth.check(token) then outcome = "yes" end
    elseif case == "access" then
        if KSR.wazo_auth.check_acl(token, header("X-Acl")) then outcome = "yes" end
    elseif case == "tenant" then
        if KSR.wazo_auth.check_tenant(token, "sip.register", header("X-Tenant")) then outcome = "yes" end
    elseif case == "async" then
        if KSR.wazo_auth.suspend_acl(token, header("X-Acl"), "on_answer") then return 1 end
        outcome = "at once"
    elseif case == "async-tenant" then
        if KSR.wazo_auth.suspend_tenant(token, "sip.register", header("X-Tenant"), "on_answer") then return 1 end
        outcome = "at once"
    elseif case == "member" then
        outcome = KSR.wazo_auth.get("password") or "<null>"
    end
    reply(outcome)
    return 1
end
