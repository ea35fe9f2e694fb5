//! Every operation: method, path, the access that it needs, whether it honours `Wazo-Tenant`, and its room.

use super::{
    backends, config, emails, external, external_types, group_members, groups, idp, passwords, policies,
    refresh_tokens, saml, sessions, status, tenants, tokens, user_policies, users,
};
use crate::call::Needs::{Access, Nothing, Token};
use crate::call::PartOf::{Core, ExternalType, UserRegistration};
use crate::call::Scope::{Header, Own};
use crate::call::{Call, Needs, PartOf, Route, Scope};
use crate::errors::Outcome;

const fn route(
    method: &'static str,
    path: &'static str,
    needs: Needs,
    scope: Scope,
    room: fn(&mut Call) -> Outcome,
) -> Route {
    Route { method, path, needs, scope, part_of: Core, room }
}

const fn only_with(part_of: PartOf, route: Route) -> Route {
    Route { part_of, ..route }
}

#[rustfmt::skip] // a table reads by its columns
pub const ROUTES: &[Route] = &[
    // Tokens
    route("POST", "token", Nothing, Own, tokens::create),
    route("GET", "token/{token:uuid}", Nothing, Own, tokens::get),
    route("HEAD", "token/{token:uuid}", Nothing, Own, tokens::check),
    route("DELETE", "token/{token:uuid}", Nothing, Own, tokens::revoke),
    route("POST", "token/{token:uuid}/scopes/check", Nothing, Own, tokens::check_scopes),
    route("GET", "tokens", Access("auth.tokens.read"), Header, refresh_tokens::list),
    route("GET", "users/me/tokens", Access("auth.users.me.tokens.read"), Header, refresh_tokens::list_mine),
    route("DELETE", "users/me/tokens/{client_id}", Access("auth.users.me.tokens.{client_id}.delete"), Header, refresh_tokens::delete_mine),
    route("GET", "users/{user:uuid}/tokens", Access("auth.users.{user}.tokens.read"), Header, refresh_tokens::list_of_user),
    route("DELETE", "users/{user:uuid}/tokens/{client_id}", Access("auth.users.{user}.tokens.{client_id}.delete"), Header, refresh_tokens::delete_of_user),

    // Users
    route("GET", "users", Access("auth.users.read"), Header, users::list),
    route("POST", "users", Access("auth.users.create"), Header, users::create),
    only_with(UserRegistration, route("POST", "users/register", Nothing, Own, users::register)),
    route("GET", "users/{user:uuid}", Access("auth.users.{user}.read"), Header, users::get),
    route("PUT", "users/{user:uuid}", Access("auth.users.{user}.update"), Header, users::edit),
    route("DELETE", "users/{user:uuid}", Access("auth.users.{user}.delete"), Header, users::delete),
    route("PUT", "users/{user:uuid}/password", Access("auth.users.{user}.password.update"), Own, passwords::change),
    route("GET", "users/password/reset", Nothing, Own, passwords::send_reset),
    route("POST", "users/password/reset", Nothing, Own, passwords::reset),
    route("PUT", "users/{user:uuid}/emails", Access("auth.users.{user}.emails.update"), Own, emails::edit),
    route("PUT", "admin/users/{user:uuid}/emails", Access("auth.admin.users.{user}.emails.update"), Own, emails::edit_as_admin),
    route("GET", "users/{user:uuid}/emails/{email:uuid}/confirm", Access("auth.users.{user}.emails.{email}.confirm.read"), Own, emails::send_confirmation),
    route("PUT", "emails/{email:uuid}/confirm", Access("auth.emails.{email}.confirm.edit"), Own, emails::confirm),
    route("GET", "emails/{email:uuid}/confirm", Access("auth.emails.{email}.confirm.edit"), Own, emails::confirm_page),
    route("GET", "users/{user:uuid}/policies", Access("auth.users.{user}.policies.read"), Own, user_policies::list),
    route("PUT", "users/{user:uuid}/policies/{policy}", Access("auth.users.{user}.policies.{policy}.create"), Header, user_policies::add),
    route("DELETE", "users/{user:uuid}/policies/{policy}", Access("auth.users.{user}.policies.{policy}.delete"), Header, user_policies::remove),
    route("GET", "users/{user:uuid}/groups", Access("auth.users.{user}.groups.read"), Header, group_members::list_of_user),
    route("GET", "users/{user:uuid}/sessions", Access("auth.users.{user}.sessions.read"), Header, sessions::list_of_user),
    route("DELETE", "users/{user:uuid}/sessions/{session:uuid}", Access("auth.users.{user}.sessions.{session}.delete"), Header, sessions::delete_of_user),

    // Groups
    route("GET", "groups", Access("auth.groups.read"), Header, groups::list),
    route("POST", "groups", Access("auth.groups.create"), Header, groups::create),
    route("GET", "groups/{group:uuid}", Access("auth.groups.{group}.read"), Header, groups::get),
    route("PUT", "groups/{group:uuid}", Access("auth.groups.{group}.update"), Header, groups::edit),
    route("DELETE", "groups/{group:uuid}", Access("auth.groups.{group}.delete"), Header, groups::delete),
    route("GET", "groups/{group:uuid}/policies", Access("auth.groups.{group}.policies.read"), Header, groups::list_policies),
    route("PUT", "groups/{group:uuid}/policies/{policy}", Access("auth.groups.{group}.policies.{policy}.create"), Header, groups::add_policy),
    route("DELETE", "groups/{group:uuid}/policies/{policy}", Access("auth.groups.{group}.policies.{policy}.delete"), Header, groups::remove_policy),
    route("GET", "groups/{group:uuid}/users", Access("auth.groups.{group}.users.read"), Header, group_members::list),
    route("PUT", "groups/{group:uuid}/users/{user:uuid}", Access("auth.groups.{group}.users.{user}.create"), Header, group_members::add),
    route("DELETE", "groups/{group:uuid}/users/{user:uuid}", Access("auth.groups.{group}.users.{user}.delete"), Header, group_members::remove),

    // Policies
    route("GET", "policies", Access("auth.policies.read"), Header, policies::list),
    route("POST", "policies", Access("auth.policies.create"), Header, policies::create),
    route("GET", "policies/{policy}", Access("auth.policies.{policy}.read"), Header, policies::get),
    route("PUT", "policies/{policy}", Access("auth.policies.{policy}.update"), Header, policies::edit),
    route("DELETE", "policies/{policy}", Access("auth.policies.{policy}.delete"), Header, policies::delete),
    route("PUT", "policies/{policy}/acl/{access}", Access("auth.policies.{policy}.update"), Header, policies::add_access),
    route("DELETE", "policies/{policy}/acl/{access}", Access("auth.policies.{policy}.update"), Header, policies::remove_access),

    // Tenants and sessions
    route("GET", "tenants", Access("auth.tenants.read"), Header, tenants::list),
    route("POST", "tenants", Access("auth.tenants.create"), Header, tenants::create),
    route("GET", "tenants/{tenant:uuid}", Access("auth.tenants.{tenant}.read"), Header, tenants::get),
    route("PUT", "tenants/{tenant:uuid}", Access("auth.tenants.{tenant}.update"), Header, tenants::edit),
    route("DELETE", "tenants/{tenant:uuid}", Access("auth.tenants.{tenant}.delete"), Header, tenants::delete),
    route("GET", "tenants/{tenant:uuid}/domains", Access("auth.tenants.{tenant}.domains.read"), Own, tenants::list_domains),
    route("PUT", "tenants/{tenant:uuid}/parent/{parent:uuid}", Access("auth.tenants.{tenant}.parent.{parent}.update"), Header, tenants::move_below),
    route("GET", "sessions", Access("auth.sessions.read"), Header, sessions::list),
    route("DELETE", "sessions/{session:uuid}", Access("auth.sessions.{session}.delete"), Header, sessions::delete),

    // External authentication
    route("GET", "users/{user:uuid}/external", Access("auth.users.{user}.external.read"), Own, external::list),
    route("GET", "users/{user:uuid}/external/google", Access("auth.users.{user}.external.google.read"), Header, external_types::get_google),
    route("POST", "users/{user:uuid}/external/google", Access("auth.users.{user}.external.google.create"), Header, external_types::authorize_google),
    route("DELETE", "users/{user:uuid}/external/google", Access("auth.users.{user}.external.google.delete"), Own, external_types::delete_google),
    route("GET", "users/{user:uuid}/external/microsoft", Access("auth.users.{user}.external.microsoft.read"), Header, external_types::get_microsoft),
    route("POST", "users/{user:uuid}/external/microsoft", Access("auth.users.{user}.external.microsoft.create"), Header, external_types::authorize_microsoft),
    route("DELETE", "users/{user:uuid}/external/microsoft", Access("auth.users.{user}.external.microsoft.delete"), Own, external_types::delete_microsoft),
    route("GET", "users/{user:uuid}/external/mobile", Access("auth.users.{user}.external.mobile.read"), Own, external_types::get_mobile),
    route("POST", "users/{user:uuid}/external/mobile", Access("auth.users.{user}.external.mobile.create"), Own, external_types::create_mobile),
    route("PUT", "users/{user:uuid}/external/mobile", Access("auth.users.{user}.external.mobile.update"), Own, external_types::edit_mobile),
    route("DELETE", "users/{user:uuid}/external/mobile", Access("auth.users.{user}.external.mobile.delete"), Own, external_types::delete_mobile),
    route("GET", "users/{user:uuid}/external/mobile/sender_id", Access("auth.users.{user}.external.mobile.sender_id.read"), Header, external_types::sender_id),
    only_with(ExternalType, route("GET", "users/{user:uuid}/external/{type}", Access("auth.users.{user}.external.{type}.read"), Own, external::get)),
    only_with(ExternalType, route("POST", "users/{user:uuid}/external/{type}", Access("auth.users.{user}.external.{type}.create"), Own, external::create)),
    only_with(ExternalType, route("PUT", "users/{user:uuid}/external/{type}", Access("auth.users.{user}.external.{type}.update"), Own, external::edit)),
    only_with(ExternalType, route("DELETE", "users/{user:uuid}/external/{type}", Access("auth.users.{user}.external.{type}.delete"), Own, external::delete)),
    route("GET", "external/{type}/config", Access("auth.{type}.external.config.read"), Header, external::get_config),
    route("POST", "external/{type}/config", Access("auth.{type}.external.config.create"), Header, external::create_config),
    route("PUT", "external/{type}/config", Access("auth.{type}.external.config.update"), Header, external::edit_config),
    route("DELETE", "external/{type}/config", Access("auth.{type}.external.config.delete"), Header, external::delete_config),
    route("GET", "external/{type}/users", Access("auth.{type}.external.users"), Header, external::list_connected),

    // Backends, SAML, identity providers
    route("GET", "backends", Nothing, Own, backends::list),
    route("GET", "backends/ldap", Access("auth.backends.ldap.read"), Header, backends::get_ldap),
    route("PUT", "backends/ldap", Access("auth.backends.ldap.update"), Header, backends::edit_ldap),
    route("DELETE", "backends/ldap", Access("auth.backends.ldap.delete"), Header, backends::delete_ldap),
    route("GET", "backends/saml", Access("auth.backends.saml.read"), Header, saml::get),
    route("POST", "backends/saml", Access("auth.backends.saml.create"), Header, saml::create),
    route("PUT", "backends/saml", Access("auth.backends.saml.update"), Header, saml::edit),
    route("DELETE", "backends/saml", Access("auth.backends.saml.delete"), Header, saml::delete),
    route("GET", "backends/saml/metadata", Access("auth.backends.saml.read"), Header, saml::metadata),
    route("GET", "backends/saml/acs_url_template", Access("auth.backends.saml.read"), Own, saml::acs_template),
    route("POST", "saml/sso", Nothing, Own, saml::sso),
    route("POST", "saml/acs", Nothing, Own, saml::acs),
    route("GET", "saml/logout", Token, Own, saml::logout),
    route("GET", "saml/sls", Nothing, Own, saml::sls),
    route("GET", "idp", Access("auth.idp.read"), Own, idp::list),
    route("PUT", "idp/{idp}/users", Access("auth.idp.{idp}.users.update"), Header, idp::add_users),
    route("PUT", "idp/{idp}/users/{user:uuid}", Access("auth.idp.{idp}.users.{user}.create"), Header, idp::add_user),
    route("DELETE", "idp/{idp}/users/{user:uuid}", Access("auth.idp.{idp}.users.{user}.delete"), Header, idp::remove_user),

    // The server itself
    route("GET", "config", Access("auth.config.read"), Own, config::get),
    route("PATCH", "config", Access("auth.config.update"), Own, config::patch),
    route("HEAD", "status", Nothing, Own, status::check),
    route("GET", "api/api.yml", Nothing, Own, status::specification),
];
