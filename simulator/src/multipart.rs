//! Forms: `multipart/form-data` and `application/x-www-form-urlencoded`, read into their parts.

use crate::http::Request;

/// A part of a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// Set where the part is a file.
    pub filename: Option<String>,
    pub content: Vec<u8>,
}

impl Part {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }
}

/// The parts of a form, whichever of the two it is; none where the body is no form.
pub fn parts(request: &Request) -> Vec<Part> {
    let content_type = request.header("Content-Type");
    match boundary(content_type) {
        Some(boundary) => split(&request.body, &boundary),
        None => request
            .form()
            .into_iter()
            .map(|(name, value)| Part { name, filename: None, content: value.into_bytes() })
            .collect(),
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let parameters = content_type.strip_prefix("multipart/form-data")?;
    parameter(parameters, "boundary")
}

/// The value of a parameter of a header, without its quotes.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').find_map(|piece| {
        let (key, value) = piece.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"').to_string())
    })
}

fn find(text: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?.windows(wanted.len()).position(|window| window == wanted).map(|at| at + from)
}

fn split(body: &[u8], boundary: &str) -> Vec<Part> {
    let delimiter = format!("--{boundary}");
    let delimiter = delimiter.as_bytes();
    let mut parts = Vec::new();
    let mut at = find(body, delimiter, 0);
    while let Some(start) = at.map(|at| at + delimiter.len()) {
        let next = find(body, delimiter, start);
        if let Some(part) = next.and_then(|end| read_part(body.get(start..end)?)) {
            parts.push(part);
        }
        at = next;
    }
    parts
}

/// A part with its line breaks around it.
fn read_part(bytes: &[u8]) -> Option<Part> {
    let bytes = bytes.strip_prefix(b"\r\n")?;
    let bytes = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    let end = find(bytes, b"\r\n\r\n", 0)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let disposition =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?.to_string();
    Some(Part {
        name: parameter(&disposition, "name")?,
        filename: parameter(&disposition, "filename"),
        content: bytes[end + 4..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_form_is_read() {
        let body = b"--b3\r\nContent-Disposition: form-data; name=\"entity_id\"\r\n\r\nwazo.dev\r\n--b3\r\n\
            Content-Disposition: form-data; name=\"metadata\"; filename=\"metadata\"\r\n\r\n<xml>\r\n</xml>\r\n--b3--\r\n";
        let parts = split(body, "b3");
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].name.as_str(), parts[0].text().as_str()), ("entity_id", "wazo.dev"));
        assert_eq!(parts[1].filename.as_deref(), Some("metadata"));
        assert_eq!(parts[1].content, b"<xml>\r\n</xml>");
    }
}
