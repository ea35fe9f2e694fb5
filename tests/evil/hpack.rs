//! HPACK (RFC 7541), as little as a test server needs: it reads all that a client writes, and writes literals that no table
//! remembers.

/// The lengths of the Huffman codes of the bytes 0 to 255 and of the end, less 5, as letters from `A`. The code is canonical:
/// the lengths say all (RFC 7541, appendix B).
const LENGTHS: &[u8; 257] = b"\
    ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABA\
    BABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRSVVPORSRU\
    VVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ";

/// The static table as far as a test server wants to know it: what a request begins with. Of the rest neither names nor values
/// matter.
const STATIC: [(&str, &str); 7] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
];

/// How many entries it has in all.
const STATIC_LENGTH: usize = 61;

/// What a connection remembers of the client's fields.
#[derive(Default)]
pub struct Decoder {
    dynamic: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A field: name and value.
pub type Field = (Vec<u8>, Vec<u8>);

impl Decoder {
    /// The fields of a block; `None` where it is none.
    pub fn decode(&mut self, block: &[u8]) -> Option<Vec<Field>> {
        let (mut block, mut fields) = (block, Vec::new());
        while let Some(&first) = block.first() {
            if first & 0x80 != 0 {
                let index = integer(&mut block, 7)?;
                fields.push(self.entry(index)?);
            } else if first & 0xe0 == 0x20 {
                // A table of another size: the client's own business, but for none at all.
                if integer(&mut block, 5)? == 0 {
                    self.dynamic.clear();
                }
            } else {
                let is_remembered = first & 0x40 != 0;
                let index = integer(&mut block, if is_remembered { 6 } else { 4 })?;
                let name = if index == 0 { text(&mut block)? } else { self.entry(index)?.0 };
                let field = (name, text(&mut block)?);
                if is_remembered {
                    self.dynamic.insert(0, field.clone());
                }
                fields.push(field);
            }
        }
        Some(fields)
    }

    fn entry(&self, index: usize) -> Option<Field> {
        let index = index.checked_sub(1)?;
        if let Some(index) = index.checked_sub(STATIC_LENGTH) {
            return self.dynamic.get(index).cloned();
        }
        let (name, value) = STATIC.get(index).unwrap_or(&("", ""));
        Some((name.as_bytes().to_vec(), value.as_bytes().to_vec()))
    }
}

/// Fields as literals without a table.
pub fn encode<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: impl IntoIterator<Item = (N, V)>) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        put_text(&mut block, name.as_ref());
        put_text(&mut block, value.as_ref());
    }
    block
}

fn put_text(block: &mut Vec<u8>, text: &[u8]) {
    if text.len() < 127 {
        block.push(u8::try_from(text.len()).unwrap());
    } else {
        block.push(127);
        let mut rest = text.len() - 127;
        while rest >= 128 {
            block.push(u8::try_from(rest % 128).unwrap() | 0x80);
            rest /= 128;
        }
        block.push(u8::try_from(rest).unwrap());
    }
    block.extend_from_slice(text);
}

fn integer(block: &mut &[u8], bits: u32) -> Option<usize> {
    let most = (1 << bits) - 1;
    let mut number = usize::from(next(block)?) & most;
    if number == most {
        for shift in (0..28).step_by(7) {
            let byte = next(block)?;
            number += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        return None;
    }
    Some(number)
}

fn next(block: &mut &[u8]) -> Option<u8> {
    let (first, rest) = block.split_first()?;
    *block = rest;
    Some(*first)
}

fn text(block: &mut &[u8]) -> Option<Vec<u8>> {
    let is_huffman = *block.first()? & 0x80 != 0;
    let length = integer(block, 7)?;
    let (text, rest) = block.split_at_checked(length)?;
    *block = rest;
    if is_huffman { unpacked(text) } else { Some(text.to_vec()) }
}

fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let codes = codes();
    let (mut out, mut code, mut length) = (Vec::new(), 0_u32, 0_u8);
    for bit in packed.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
        code = code << 1 | u32::from(bit);
        length += 1;
        if length > 30 {
            return None;
        }
        if let Some(byte) = codes.get(&(length, code)) {
            out.push(*byte);
            (code, length) = (0, 0);
        }
    }
    Some(out)
}

/// Which byte a code of this length stands for.
fn codes() -> &'static std::collections::HashMap<(u8, u32), u8> {
    static CODES: std::sync::OnceLock<std::collections::HashMap<(u8, u32), u8>> = std::sync::OnceLock::new();
    CODES.get_or_init(|| {
        let mut in_order: Vec<(u8, usize)> =
            LENGTHS.iter().enumerate().map(|(symbol, letter)| (letter - b'A' + 5, symbol)).collect();
        in_order.sort_unstable();
        let (mut code, mut last) = (0_u32, 0_u8);
        let mut codes = std::collections::HashMap::new();
        for (length, symbol) in in_order {
            code <<= length - last;
            last = length;
            if let Ok(byte) = u8::try_from(symbol) {
                codes.insert((length, code), byte);
            }
            code += 1;
        }
        codes
    })
}
