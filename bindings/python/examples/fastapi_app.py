#!/usr/bin/env python3
"""A FastAPI application whose requests need tokens of wazo-auth, by a dependency.

    pip install fastapi uvicorn
    WAZO_AUTH_URL=https://wazo.example.com/api/auth fastapi_app.py
"""
import os

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from wazo_auth_client import Client
from wazo_auth_client.access import fill
from wazo_auth_client.asgi import decide
from wazo_auth_client.http_exceptions import APIException, Unauthorized
from wazo_auth_client.verifier import Decision, Verifier


class RequiredAccess:
    """A dependency: the token of the request must have the access, with the path's parameters for its placeholders."""

    def __init__(self, pattern, tenant_uuid=None):
        self.pattern = pattern
        self.tenant_uuid = tenant_uuid

    async def __call__(self, request: Request) -> Decision:
        token = request.headers.get('X-Auth-Token', '')
        access = fill(self.pattern, request.path_params)
        decision = await decide(request.app.state.verifier, token, access, request.headers.get('Wazo-Tenant'))
        if self.tenant_uuid is not None and decision.tenant_uuid != self.tenant_uuid:
            raise Unauthorized(token, access)
        return decision


def create_app(verifier, master_tenant_uuid):
    app = FastAPI()
    app.state.verifier = verifier

    @app.exception_handler(APIException)
    async def refuse(request, error):
        return JSONResponse(error.body(), error.status_code)

    # Not inside of the parameters: a part of an annotation is looked up in the module, and not in this function.
    reads_user = Depends(RequiredAccess('myservice.users.{user_uuid}.read'))
    reads_config = Depends(RequiredAccess('myservice.config.read', master_tenant_uuid))

    @app.get('/users/{user_uuid}')
    async def user(user_uuid: str, request: Request, decision: Decision = reads_user):
        return {'asked_by': decision.user_uuid, 'tenant': request.headers.get('Wazo-Tenant') or decision.tenant_uuid}

    @app.get('/config')
    async def config(decision: Decision = reads_config):
        return {'asked_by': decision.user_uuid}

    @app.get('/status')
    async def status():
        return {'status': 'ok'}

    return app


def main():
    import uvicorn

    verifier = Verifier(Client.from_url(os.environ['WAZO_AUTH_URL']), ttl=60)
    uvicorn.run(create_app(verifier, os.environ.get('MASTER_TENANT_UUID')), port=8080)


if __name__ == '__main__':
    main()
