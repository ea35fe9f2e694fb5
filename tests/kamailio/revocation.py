"""What kamcmd tells the verifier holds at once, in every process: a session that has ended, a user, everything.

The token is known to all workers when it is revoked. The simulator says nothing about it: only the command does.
"""

import json
from pathlib import Path

from hosts import Kamailio, Phone


def run(arguments, simulator, folder, check, mode, definitions):
    folder = Path(folder) / f"{mode}-revocation"
    folder.mkdir()
    name = f"revoked-{mode}"
    simulator.user(name, [f"sip.{name}.register"])
    to = {"To": f"<sip:{name}@127.0.0.1>"}

    with Kamailio(arguments, folder, definitions(folder), workers=8) as kamailio:
        if not check(f"{mode}, revocation: Kamailio starts", kamailio.answers()):
            print(kamailio.log.read_text())
            return

        def registers(token):
            """The statuses of many REGISTERs from as many ports, so that every worker has one."""
            statuses = set()
            for _ in range(16):
                with Phone(kamailio.port) as phone:
                    statuses.add(phone.ask("REGISTER", f"X-Wazo-Token: {token}", headers=to))
            return statuses

        def revokes(what, words_of):
            token = simulator.log_in(name, "password")
            data = simulator.ask("GET", f"/token/{token}")["data"]
            before = registers(token)
            simulator.ask("DELETE", f"/token/{token}")
            kept = registers(token)
            printed = kamailio.command(*words_of(token, data))
            after = registers(token)
            is_right = before == kept == {200} and after == {403}
            check(f"{mode}, revocation: {what} ends the token in every worker", is_right,
                  f"{before}, {kept} until then, {after} after {printed!r}")

        revokes("a message of the bus", lambda token, data: ("wazo_auth.event", json.dumps(
            {"name": "auth_session_deleted", "data": {"uuid": data["session_uuid"], "user_uuid": "", "tenant_uuid": ""}}
        )))
        revokes("a session", lambda token, data: ("wazo_auth.invalidate", "session", data["session_uuid"]))
        revokes("a user", lambda token, data: ("wazo_auth.invalidate", "user", data["metadata"]["uuid"]))
        revokes("a tenant", lambda token, data: ("wazo_auth.invalidate", "tenant", data["metadata"]["tenant_uuid"]))
        revokes("a token", lambda token, data: ("wazo_auth.invalidate", "token", token))
        revokes("all", lambda token, data: ("wazo_auth.invalidate", "all"))
        counted = kamailio.verifier()
        is_right = int(counted["hits"]) > 0 and int(counted["misses"]) == 12 and int(counted["invalidations"]) == 6
        check(f"{mode}, revocation: wazo_auth.stats counts in all processes", is_right, str(counted))
        for words in [("wazo_auth.invalidate", "x", "y"), ("wazo_auth.invalidate", "user"), ("wazo_auth.event", "{")]:
            told = kamailio.command(*words)
            check(f"{mode}, revocation: {' '.join(words)} is refused", "400" in told, told.strip())
