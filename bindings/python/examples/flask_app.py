#!/usr/bin/env python3
"""A Flask application whose requests need tokens of wazo-auth, with a Flask extension that does the asking.

    pip install flask
    WAZO_AUTH_URL=https://wazo.example.com/api/auth flask_app.py
"""
import os

from flask import Flask, g, jsonify

from wazo_auth_client import Client
from wazo_auth_client.auth_verifier import AuthVerifier, no_auth, required_acl, required_tenant
from wazo_auth_client.http_exceptions import APIException
from wazo_auth_client.verifier import Verifier


class WazoAuth:
    """A Flask extension: every view needs a token, and what is refused is answered as Wazo's daemons answer it.

    `required_acl`, `required_tenant` and `no_auth` above a view say what it requires.
    """

    def __init__(self, app=None, verifier=None):
        self.auth_verifier = AuthVerifier()
        if app is not None:
            self.init_app(app, verifier)

    def init_app(self, app, verifier=None):
        """`verifier` decides; else one is made, from the configuration WAZO_AUTH, the keywords of a client."""
        self.auth_verifier.set_verifier(verifier or Verifier(Client(**app.config['WAZO_AUTH'])))
        app.extensions['wazo_auth'] = self
        app.register_error_handler(APIException, lambda error: (error.body(), error.status_code))

    def route(self, app, rule, **options):
        """`app.route` for a view that is checked."""

        def decorate(view):
            # The token first, and then whether it is one of the tenant.
            checked = self.auth_verifier.verify_token(self.auth_verifier.verify_tenant(view))
            return app.route(rule, **options)(checked)

        return decorate


def create_app(verifier, master_tenant_uuid):
    app = Flask(__name__)
    auth = WazoAuth(app, verifier)

    @auth.route(app, '/users/<user_uuid>')
    @required_acl('myservice.users.{user_uuid}.read')
    def user(user_uuid):
        return jsonify(asked_by=g.wazo_auth.user_uuid, tenant=g.verified_tenant_uuid or g.wazo_auth.tenant_uuid)

    @auth.route(app, '/config')
    @required_acl('myservice.config.read')
    @required_tenant(master_tenant_uuid)
    def config():
        return jsonify(asked_by=g.wazo_auth.user_uuid)

    @auth.route(app, '/status')
    @no_auth
    def status():
        return jsonify(status='ok')

    return app


def main():
    verifier = Verifier(Client.from_url(os.environ['WAZO_AUTH_URL']), ttl=60)
    create_app(verifier, os.environ.get('MASTER_TENANT_UUID')).run(port=8080)


if __name__ == '__main__':
    main()
