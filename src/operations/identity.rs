//! Where identities come from: backends, LDAP and SAML configuration, SAML logins, identity providers.

use super::parameter::{TENANT, document, field, file, path, query};
use super::{Encoding, Kind, Method, Operation, Parameter, Shape, Type, operation, records};

const IDP_TYPE: Parameter = path("idp_type", "The identity provider's type, one of `idp.list`, such as `ldap`.");
const USER: Parameter = path("user_uuid", "The user's UUID.");
const METADATA: Parameter = file("metadata", "The identity provider's metadata, an XML file.");

pub(super) const OPERATIONS: &[Operation] = &[
    operation("backends.list", Method::Get, "/backends")
        .summary("Lists the authentication backends of the server.")
        .public()
        .result(Shape::Member(&["data"]), &[200])
        .returns(Type::List(&Type::Text)),
    operation("ldap_config.get", Method::Get, "/backends/ldap")
        .summary("Reads the tenant's LDAP configuration.")
        .details("Without a configuration, all fields are null. `bind_password` is never shown.")
        .access("auth.backends.ldap.read")
        .parameters(&[&[TENANT]])
        .returns(Type::Record(&records::LDAP_CONFIGURATION))
        .refused(&[401, 404]),
    operation("ldap_config.update", Method::Put, "/backends/ldap")
        .summary("Creates or replaces the tenant's LDAP configuration.")
        .access("auth.backends.ldap.update")
        .parameters(&[&[
            document(
                "ldap_config",
                Kind::Object,
                "`host`, `port`, `user_base_dn`, `user_login_attribute` and `user_email_attribute` (required), \
                 `protocol_version` (2 or 3), `protocol_security` (`ldaps`, `tls` or null), `bind_dn`, \
                 `bind_password` and `search_filters`.",
            )
            .secret(),
            TENANT,
        ]])
        .json()
        .returns(Type::Record(&records::LDAP_CONFIGURATION))
        .refused(&[400, 401, 404]),
    operation("ldap_config.delete", Method::Delete, "/backends/ldap")
        .summary("Deletes the tenant's LDAP configuration.")
        .access("auth.backends.ldap.delete")
        .parameters(&[&[TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("saml_config.get", Method::Get, "/backends/saml")
        .summary("Reads the tenant's SAML configuration.")
        .details("404 means that the tenant has no configuration.")
        .access("auth.backends.saml.read")
        .parameters(&[&[TENANT]])
        .returns(Type::Record(&records::SAML_CONFIGURATION))
        .refused(&[401, 404]),
    operation("saml_config.create", Method::Post, "/backends/saml")
        .summary("Creates the tenant's SAML configuration.")
        .details("409 means that the tenant has a configuration already.")
        .access("auth.backends.saml.update")
        .parameters(&[&[
            TENANT,
            field("domain_uuid", Kind::Text, "The UUID of a domain of the tenant (`tenants.get_domains`).").required(),
            field("entity_id", Kind::Text, "The name of the SAML entity.").required(),
            field("acs_url", Kind::Text, "The URL that the identity provider sends its responses to.").required(),
            METADATA.required(),
        ]])
        .open()
        .encoding(Encoding::Multipart)
        .returns(Type::Record(&records::SAML_CONFIGURATION))
        .refused(&[400, 401, 404, 409]),
    operation("saml_config.update", Method::Put, "/backends/saml")
        .summary("Changes the tenant's SAML configuration.")
        .details("Fields that are left out keep their values.")
        .access("auth.backends.saml.update")
        .parameters(&[&[
            TENANT,
            field("domain_uuid", Kind::Text, "The UUID of a domain of the tenant (`tenants.get_domains`)."),
            field("entity_id", Kind::Text, "The name of the SAML entity."),
            field("acs_url", Kind::Text, "The URL that the identity provider sends its responses to."),
            METADATA,
        ]])
        .open()
        .encoding(Encoding::Multipart)
        .result(Shape::Nothing, &[200])
        .refused(&[400, 401, 404]),
    operation("saml_config.delete", Method::Delete, "/backends/saml")
        .summary("Deletes the tenant's SAML configuration.")
        .access("auth.backends.saml.delete")
        .parameters(&[&[TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("saml_config.get_metadata", Method::Get, "/backends/saml/metadata")
        .summary("Reads the identity provider's metadata from the tenant's SAML configuration.")
        .details("The response is XML.")
        .access("auth.backends.saml.read")
        .parameters(&[&[TENANT]])
        .result(Shape::Text, &[200])
        .returns(Type::Text)
        .refused(&[401, 404]),
    operation("saml_config.get_acs_template", Method::Get, "/backends/saml/acs_url_template")
        .summary("Reads the template of the URL that identity providers send their responses to.")
        .access("auth.backends.saml.read")
        .returns(Type::Record(&records::ACS_TEMPLATE))
        .refused(&[401]),
    operation("saml.sso", Method::Post, "/saml/sso")
        .summary("Begins a SAML login.")
        .details("500 is also the status for a domain without a SAML configuration.")
        .parameters(&[&[
            field("domain", Kind::Text, "A domain of the tenant that the user belongs to.").required().hot(),
            field("redirect_url", Kind::Text, "The URL that the browser returns to after the login.").required().hot(),
        ]])
        .public()
        .json()
        .returns(Type::Record(&records::SAML_LOGIN))
        .refused(&[400, 500]),
    operation("saml.acs", Method::Post, "/saml/acs")
        .summary("Passes on the response of a SAML identity provider to a login.")
        .details("The result is the URL to redirect the browser to; the library does not follow it.")
        .parameters(&[&[
            field("saml_response", Kind::Text, "`SAMLResponse`, as received from the identity provider.")
                .wire("SAMLResponse")
                .required()
                .hot()
                .secret(),
            field("relay_state", Kind::Text, "`RelayState`, as received from the identity provider.")
                .wire("RelayState")
                .required()
                .hot(),
        ]])
        .public()
        .encoding(Encoding::Form)
        .result(Shape::Location, &[302])
        .returns(Type::Text)
        .refused(&[400, 404, 500]),
    operation("saml.logout", Method::Get, "/saml/logout")
        .summary("Ends a SAML login.")
        .details(
            "Although a GET, it revokes the client's token and its refresh token. The result is the URL that the \
             browser is to open, so that the identity provider ends its login too. 404 means that the token did not \
             come from a SAML login.",
        )
        .result(Shape::Member(&["location", "Location"]), &[200])
        .returns(Type::Text)
        .changes()
        .refused(&[401, 404, 500]),
    operation("saml.sls", Method::Get, "/saml/sls")
        .summary("Passes on the response of a SAML identity provider to a logout.")
        .details("The result is the URL to redirect the browser to; the library does not follow it.")
        .parameters(&[&[
            query("saml_response", Kind::Text, "`SAMLResponse`, as received from the identity provider.")
                .wire("SAMLResponse")
                .hot()
                .secret(),
            query("relay_state", Kind::Text, "`RelayState`, as received from the identity provider.")
                .wire("RelayState")
                .hot(),
        ]])
        .public()
        .result(Shape::Location, &[302])
        .returns(Type::Text)
        .changes()
        .refused(&[500]),
    operation("idp.list", Method::Get, "/idp")
        .summary("Lists the types of identity providers: the authentication methods that users and tenants can have.")
        .access("auth.idp.read")
        .returns(Type::Record(&records::IDENTITY_PROVIDERS))
        .refused(&[401]),
    operation("idp.add_users", Method::Put, "/idp/{idp_type}/users")
        .summary("Adds users to an identity provider, so that they log in through it.")
        .details(
            "Sets the authentication method of the users, one after the other. At the first unknown user, the call \
             fails with 404; the users before it keep the new method.",
        )
        .access("auth.idp.{idp_type}.users.update")
        .parameters(&[&[
            IDP_TYPE,
            field("users", Kind::Objects, "The users: `uuid` (required) of each.").required(),
            TENANT,
        ]])
        .json()
        .nothing()
        .refused(&[400, 401, 404]),
    operation("idp.add_user", Method::Put, "/idp/{idp_type}/users/{user_uuid}")
        .summary("Adds a user to an identity provider, so that the user logs in through it.")
        .details("Sets the user's authentication method.")
        .access("auth.idp.{idp_type}.users.{user_uuid}.create")
        .parameters(&[&[IDP_TYPE, USER, TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("idp.remove_user", Method::Delete, "/idp/{idp_type}/users/{user_uuid}")
        .summary("Removes a user from an identity provider.")
        .details("Sets the user's authentication method back to `default`.")
        .access("auth.idp.{idp_type}.users.{user_uuid}.delete")
        .parameters(&[&[IDP_TYPE, USER, TENANT]])
        .nothing()
        .refused(&[401, 404]),
];
