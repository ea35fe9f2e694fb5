//! The page at `/_simulator/`: what people look at who find out why a test fails. Plain HTML, CSS and JavaScript, part of
//! the program. It loads nothing from elsewhere, and the browser is told to refuse anything else.

use crate::http::Answer;

/// Scripts and styles come from these very files; there are no inline ones, no frames and no other hosts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The file of this name below `/_simulator/`.
pub fn part(name: &str) -> Option<Answer> {
    let (content_type, content) = match name {
        "" => ("text/html; charset=utf-8", include_str!("page/index.html")),
        "page.css" => ("text/css; charset=utf-8", include_str!("page/page.css")),
        "elements.js" => ("text/javascript; charset=utf-8", include_str!("page/elements.js")),
        "page.js" => ("text/javascript; charset=utf-8", include_str!("page/page.js")),
        "tabs.js" => ("text/javascript; charset=utf-8", include_str!("page/tabs.js")),
        _ => return None,
    };
    let answer = Answer::text(200, content_type, content)
        .with_header("Content-Security-Policy", POLICY.into())
        .with_header("X-Content-Type-Options", "nosniff".into())
        // After an update of the program the page is the new one at once.
        .with_header("Cache-Control", "no-cache".into());
    Some(answer)
}
