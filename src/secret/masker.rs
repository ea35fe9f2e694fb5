//! Where the secrets of a call stand in texts about it, found in one pass over the texts.
//!
//! A caller may have given ten thousand secrets, and a server chooses what it answers. So the work must not grow with the
//! product of the two, and no answer may make it grow beyond what its own length costs: first those secrets are left out
//! that cannot stand in the texts, then all others are sought at once.

use super::forms::{MASK, forms};
use std::collections::BTreeSet;
use std::ops::Range;

/// How many bytes make a sequence that is looked up in [`Grams`]; no secret that is looked for is shorter.
const GRAM: usize = Sought::SHORTEST;

/// Which sequences of four bytes stand in some texts. It may say yes wrongly, but never no.
struct Grams {
    bits: Vec<u64>,
    shift: u32,
}

impl Grams {
    fn of(texts: &[&str]) -> Self {
        let length: usize = texts.iter().map(|text| text.len()).sum();
        let size = (length * 8).next_power_of_two().clamp(1 << 10, 1 << 20);
        let mut grams = Self { bits: vec![0; size / 64], shift: 32 - size.trailing_zeros() };
        for gram in texts.iter().flat_map(|text| text.as_bytes().windows(GRAM)) {
            let (word, bit) = grams.place(gram);
            grams.bits[word] |= bit;
        }
        grams
    }

    fn place(&self, gram: &[u8]) -> (usize, u64) {
        let number = gram.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let at = (number.wrapping_mul(0x9E37_79B1) >> self.shift) as usize;
        (at / 64, 1 << (at % 64))
    }

    fn has(&self, gram: &[u8]) -> bool {
        let (word, bit) = self.place(gram);
        self.bits[word] & bit != 0
    }

    /// Whether this can stand in the texts as it is.
    fn may_hold(&self, form: &str) -> bool {
        form.as_bytes().windows(GRAM).all(|gram| self.has(gram))
    }

    /// Whether this can stand there in any form: every form writes letters and digits as they are.
    fn may_hold_a_form_of(&self, secret: &str) -> bool {
        let mut grams = secret.as_bytes().windows(GRAM).filter(|gram| gram.iter().all(u8::is_ascii_alphanumeric));
        grams.all(|gram| self.has(gram))
    }
}

/// What is looked for in some texts.
pub struct Sought {
    grams: Grams,
    forms: BTreeSet<String>,
    /// The lengths of the forms together.
    length: usize,
}

impl Sought {
    /// Shorter ones are not looked for: masking `a` everywhere would make every text unreadable, and tell as much.
    pub const SHORTEST: usize = 4;

    /// A longer secret is looked for in parts of at most this length. So it is also masked where only its beginning is.
    const PART: usize = 1024;

    /// More than all secrets together that the beginning of a body can repeat, each in several forms.
    const MOST: usize = 1 << 19;

    /// Nothing yet, in these texts.
    pub fn within(texts: &[&str]) -> Self {
        Self { grams: Grams::of(texts), forms: BTreeSet::new(), length: 0 }
    }

    /// Looks for this secret as well.
    pub fn add(&mut self, secret: &str) {
        if secret.len() < Self::SHORTEST {
            return;
        }
        for part in parts(secret, Self::PART) {
            if self.length > Self::MOST || !self.grams.may_hold_a_form_of(part) {
                continue;
            }
            for form in forms(part) {
                if self.grams.may_hold(&form) && !self.forms.contains(&form) {
                    self.length += form.len();
                    self.forms.insert(form);
                }
            }
        }
    }

    /// What masks all of them.
    pub fn masker(self) -> Masker {
        // More than can stand there: a server that mixes the secrets of a call up on purpose. Nothing of it is shown.
        let is_withheld = self.length > Self::MOST;
        let forms: Vec<_> = if is_withheld { Vec::new() } else { self.forms.into_iter().collect() };
        Masker { is_withheld, automaton: (!forms.is_empty()).then(|| Automaton::of(&forms)) }
    }
}

/// The text in parts of about the same length, none longer than `most` bytes.
fn parts(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let count = text.len().div_ceil(most - 3).max(1);
    let boundary = move |part: usize| floor(text, text.len() * part / count);
    (0..count).map(move |part| &text[boundary(part)..boundary(part + 1)])
}

/// The nearest boundary of a character that is not behind `at`.
pub fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Masks secrets in the texts for which it was made.
pub struct Masker {
    automaton: Option<Automaton>,
    is_withheld: bool,
}

impl Masker {
    /// How far behind the end of what is shown a text must go on for [`Masker::mask_until`]: a part of a secret that begins
    /// in front of it ends there, in whatever form.
    pub const BEYOND: usize = Sought::PART * 7;

    /// The text without the secrets.
    pub fn mask(&self, text: &str) -> String {
        self.mask_until(text, text.len())
    }

    /// The same of what stands in front of `end`. Of a secret that reaches across it nothing is shown.
    pub fn mask_until(&self, text: &str, end: usize) -> String {
        if self.is_withheld && !text.is_empty() {
            return MASK.to_owned();
        }
        let spans = self.automaton.as_ref().map(|automaton| automaton.spans(text)).unwrap_or_default();
        let mut masked = String::with_capacity(end);
        let mut shown = 0;
        for span in spans.into_iter().take_while(|span| span.start < end) {
            masked.push_str(&text[shown..span.start]);
            masked.push_str(MASK);
            shown = span.end;
        }
        masked.push_str(text.get(shown..end).unwrap_or_default());
        masked
    }
}

/// The automaton of Aho and Corasick, which finds any number of forms in one pass.
///
/// Written here because only the longest form that ends at a place is asked for. The crate of that name lists all of
/// them for each of its states, which can be five hundred times as much as the forms themselves.
struct Automaton {
    nodes: Vec<Node>,
}

/// What has been read of a form; the first node is: nothing.
struct Node {
    /// The last byte of it.
    byte: u8,
    /// Where the nodes of one more byte begin, ordered by that byte, and how many they are.
    first: u32,
    count: u16,
    /// The longest other beginning of a form with which this one ends.
    fallback: u32,
    /// The length of the longest form with which it ends; 0 for none.
    longest: u32,
}

impl Automaton {
    /// The forms are ordered, none is empty, and there are fewer bytes of them than `u32` can tell.
    fn of(forms: &[String]) -> Self {
        let mut this = Self { nodes: vec![Node { byte: 0, first: 0, count: 0, fallback: 0, longest: 0 }] };
        // For each node: its depth, and which of the forms begin with it. Nodes are made in the order of their depth, so
        // that the fallback of one, which is less deep, is complete before it is needed.
        let mut of_node = vec![(0, 0..forms.len())];
        let mut at = 0;
        while let Some((depth, mut range)) = of_node.get(at).cloned() {
            // The form that is this node itself is the first of them.
            range.start += usize::from(depth > 0 && forms[range.start].len() == depth);
            let first = this.nodes.len();
            this.nodes[at].first = to_u32(first);
            let mut made: Vec<Node> = Vec::new();
            while !range.is_empty() {
                let byte = forms[range.start].as_bytes()[depth];
                let same = forms[range.clone()].partition_point(|form| form.as_bytes()[depth] == byte);
                let fallback = if at == 0 { 0 } else { this.next(this.nodes[at].fallback, byte) };
                let is_form = forms[range.start].len() == depth + 1;
                let longest = if is_form { to_u32(depth + 1) } else { this.nodes[fallback as usize].longest };
                made.push(Node { byte, first: 0, count: 0, fallback, longest });
                of_node.push((depth + 1, range.start..range.start + same));
                range.start += same;
            }
            // A node has at most one for each byte.
            this.nodes[at].count = u16::try_from(made.len()).unwrap_or(u16::MAX);
            this.nodes.append(&mut made);
            at += 1;
        }
        this
    }

    /// The node behind this one and a byte.
    fn next(&self, mut node: u32, byte: u8) -> u32 {
        loop {
            let Node { first, count, fallback, .. } = self.nodes[node as usize];
            let children = &self.nodes[first as usize..first as usize + usize::from(count)];
            if let Ok(at) = children.binary_search_by_key(&byte, |child| child.byte) {
                return first + to_u32(at);
            }
            if node == 0 {
                return 0;
            }
            node = fallback;
        }
    }

    /// Where forms stand: from the front to the back, those that overlap or touch each other as one.
    fn spans(&self, text: &str) -> Vec<Range<usize>> {
        #[cfg(test)]
        tests::SCANNED.with(|scanned| scanned.set(scanned.get() + text.len()));
        let mut spans: Vec<Range<usize>> = Vec::new();
        let mut node = 0;
        for (at, byte) in text.bytes().enumerate() {
            node = self.next(node, byte);
            let longest = self.nodes[node as usize].longest as usize;
            if longest > 0 {
                let mut start = at + 1 - longest;
                while let Some(before) = spans.pop_if(|before| before.end >= start) {
                    start = start.min(before.start);
                }
                spans.push(start..at + 1);
            }
        }
        spans
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        /// How many bytes this thread has searched for secrets.
        pub static SCANNED: Cell<usize> = const { Cell::new(0) };
    }

    fn masker(secrets: &[&str], text: &str) -> Masker {
        let mut sought = Sought::within(&[text]);
        for secret in secrets {
            sought.add(secret);
        }
        sought.masker()
    }

    #[test]
    fn what_is_found_is_what_looking_for_each_form_by_itself_finds() {
        // Every text of these letters, and secrets that are parts of each other in every way.
        let secrets = ["abab", "babab", "aabb", "abba", "bbbb", "aaaaaa", "abaabaab", "baabbab"];
        for number in 0..1_u32 << 14 {
            let text: String = (0..14).map(|bit| if number >> bit & 1 == 0 { 'a' } else { 'b' }).collect();
            let mut is_masked = [false; 14];
            for secret in secrets {
                for at in (0..text.len()).filter(|at| text[*at..].starts_with(secret)) {
                    is_masked[at..at + secret.len()].fill(true);
                }
            }
            let expected: String = (0..14)
                .map(|at| match (is_masked[at], at > 0 && is_masked[at - 1]) {
                    (false, _) => &text[at..=at],
                    (true, false) => MASK,
                    (true, true) => "",
                })
                .collect();
            assert_eq!(masker(&secrets, &text).mask(&text), expected, "{text}");
        }
    }

    #[test]
    fn of_a_secret_across_the_end_of_what_is_shown_nothing_is_shown() {
        let secret = "hünter/22+".repeat(150);
        for form in forms(&secret) {
            for shown in (1..form.len()).step_by(61) {
                let before = "x".repeat(100);
                let text = format!("{before}{form}y");
                let end = floor(&text, before.len() + shown);
                let text = &text[..floor(&text, end + Masker::BEYOND)];
                assert_eq!(masker(&[&secret], text).mask_until(text, end), format!("{before}***"), "{shown}");
            }
        }
        let text = "in front of it: hunter22, behind";
        assert_eq!(masker(&["hunter22"], text).mask_until(text, 16), "in front of it: ");
        assert_eq!(masker(&["hunter22"], text).mask_until(text, 17), "in front of it: ***");
        assert_eq!(masker(&["hunter22"], text).mask_until(text, 25), "in front of it: ***,");
    }

    #[test]
    fn secrets_that_are_parts_of_each_other_cost_no_more_than_their_length() {
        let secrets: Vec<String> = (4..700).map(|length| "a".repeat(length)).collect();
        let long = format!("b{}", "a".repeat(1000));
        let text = format!("{long} {}", "a".repeat(60_000));
        let mut sought = Sought::within(&[&text]);
        secrets.iter().chain([&long]).for_each(|secret| sought.add(secret));
        let masker = sought.masker();
        let nodes = masker.automaton.as_ref().map_or(0, |automaton| automaton.nodes.len());
        assert_eq!((masker.mask(&text).as_str(), nodes), ("*** ***", 1 + 699 + long.len()));
    }

    #[test]
    fn what_mixes_up_more_secrets_than_can_be_sought_is_withheld() {
        // Any sequence of these letters can stand in the text.
        let letters = |mut number: usize, length: usize| -> String {
            let next = |_| {
                number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                if number >> 60 & 1 == 0 { 'a' } else { 'b' }
            };
            (0..length).map(next).collect()
        };
        let text = letters(1, 1 << 16);
        let mut sought = Sought::within(&[&text]);
        (2..2002).for_each(|number| sought.add(&letters(number, 1000)));
        assert!(sought.length < Sought::MOST + 2000, "what is kept is bounded");
        assert_eq!(sought.masker().mask(&text), "***");
    }

    #[test]
    fn a_text_without_any_secret_is_not_searched() {
        SCANNED.set(0);
        let text = "nothing of that is in here";
        assert_eq!(masker(&["hunter22", "0ec4e97a-4087-4511-ab10-3d5836be455d"], text).mask(text), text);
        assert_eq!(SCANNED.get(), 0);
    }
}
