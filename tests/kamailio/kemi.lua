-- What a script in Lua sees of the module: the header X-Case names the call. See script.py.

function ksr_request_route()
    if KSR.is_method("OPTIONS") then
        KSR.sl.sl_send_reply(200, "OK")
        return
    end
    local token, case = KSR.pv.gete("$hdr(X-Wazo-Token)"), KSR.pv.gete("$hdr(X-Case)")
    local result = 0
    if case == "valid" then
        result = KSR.wazo_auth.check(token)
    elseif case == "access" then
        result = KSR.wazo_auth.check_access(token, KSR.pv.gete("$hdr(X-Acl)"))
    elseif case == "tenant" then
        result = KSR.wazo_auth.check_tenant(token, "sip.register", KSR.pv.gete("$hdr(X-Tenant)"))
    end
    local whose = KSR.wazo_auth.get("user_uuid") or "nobody"
    KSR.sl.sl_send_reply(200, "lua " .. result .. " " .. whose)
end
