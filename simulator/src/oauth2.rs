//! What a user does at an OAuth2 provider: consent to an authorization that an operation has asked for. There is no
//! provider, so that a test consents in the user's place (`POST /_simulator/oauth2/STATE`).

use serde_json::{Map, Value, json};

use crate::passwords::random_text;
use crate::rows::{Authorization, ExternalData};
use crate::state::State;

/// The types that have a token of their provider only after the consent; other types are stored before it.
pub const PROVIDERS: [&str; 2] = ["google", "microsoft"];

/// For how long a token of a provider is valid, in seconds.
const LIFETIME: f64 = 3600.0;

impl State {
    /// Notes that the user is to consent. What was asked for before waits too: a user may have several pages open.
    pub fn await_consent(&mut self, state: &str, user_uuid: &str, kind: &str, scope: Vec<String>) {
        let (state, user_uuid, kind) = (state.into(), user_uuid.into(), kind.into());
        self.authorizations.push(Authorization { state, user_uuid, kind, scope });
    }

    /// The user consents: the data that the provider gives are stored. False where nothing waits for it, or where the
    /// user has removed it meanwhile.
    pub fn consent(&mut self, state: &str, given: Map<String, Value>) -> bool {
        let Some(at) = self.authorizations.iter().position(|waiting| waiting.state == state) else { return false };
        let Authorization { user_uuid, kind, scope, .. } = self.authorizations.remove(at);
        let known = self.external_data.iter().position(|row| row.user_uuid == user_uuid && row.kind == kind);
        if !PROVIDERS.contains(&kind.as_str()) {
            let Some(row) = known.and_then(|at| self.external_data.get_mut(at)) else { return false };
            row.data.extend(given);
            row.edits += 1;
            row.consents += 1;
            return true;
        }
        if !self.users.contains_key(&user_uuid) {
            return false;
        }
        let token = || random_text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 30);
        // Seconds since 1970 fit, whatever a test sets as the time.
        #[allow(clippy::cast_possible_truncation)]
        let expiration = (self.now() + LIFETIME) as i64;
        let mut data = Map::from_iter([
            ("access_token".into(), token().into()),
            ("refresh_token".into(), token().into()),
            ("token_expiration".into(), expiration.into()),
            ("scope".into(), json!(scope)),
        ]);
        data.extend(given);
        match known.and_then(|at| self.external_data.get_mut(at)) {
            Some(row) => {
                row.data = data;
                row.edits += 1;
            }
            None => self.external_data.push(ExternalData { user_uuid, kind, data, ..ExternalData::default() }),
        }
        true
    }
}
