//! The form in which texts are compared.

use std::borrow::Cow;

use unicode_normalization::{
    UnicodeNormalization,
    char::{decompose_compatible, is_combining_mark},
};

/// Stands for what is not seen: skipped within an address, and no part of one beside it.
const UNSEEN: char = '\0';

/// Brings a text into the form in which texts are compared: case folded, and taken apart as for
/// NFKC, which makes the same texts equal as putting them together again would.
///
/// `ß` stays: `straße.de` and `strasse.de` belong to different people.
pub(super) fn form(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    let mut form = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase).nfd() {
        match letter {
            '\0'..='\x7f' => form.push(letter),
            'ς' => form.push('σ'),
            _ if is_ignored(letter) => form.push(UNSEEN),
            _ => push_compatible(&mut form, letter),
        }
    }
    Cow::Owned(form)
}

/// Whether nobody sees a character of a text in this form.
pub(super) fn is_unseen(letter: char) -> bool {
    letter == UNSEEN || (letter.is_control() && !letter.is_whitespace())
}

/// Whether a character changes the one before it.
pub(super) fn is_mark(letter: char) -> bool {
    is_combining_mark(letter)
}

/// Whether a letter beside another one is of the same word.
///
/// Latin letters and digits always are. So are those of other scripts that set blanks between words,
/// beside their own: nobody can tell where a word of Chinese or Thai ends.
pub(super) fn is_same_word(beside: char, edge: char) -> bool {
    match script(beside) {
        Some(Script::Latin) => true,
        Some(script_beside) => script(edge) == Some(script_beside),
        None => false,
    }
}

#[derive(Eq, PartialEq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Georgian,
    /// One of the scripts of India, by the number of its block.
    Indic(u32),
}

fn script(letter: char) -> Option<Script> {
    match letter {
        '÷' => None,
        '0'..='9' | 'a'..='z' | 'ß'..='\u{2af}' => Some(Script::Latin),
        '\u{370}'..='\u{3ff}' => Some(Script::Greek),
        '\u{400}'..='\u{52f}' => Some(Script::Cyrillic),
        '\u{561}'..='\u{587}' => Some(Script::Armenian),
        '\u{900}'..='\u{d7f}' => Some(Script::Indic(u32::from(letter) >> 7)),
        '\u{10d0}'..='\u{10ff}' => Some(Script::Georgian),
        _ => None,
    }
}

/// Writes what a character is another form of. Full-width and mathematical letters are letters, and
/// small signs are signs; a ligature or a number in a circle has an end on both sides.
fn push_compatible(form: &mut String, letter: char) {
    let start = form.len();
    decompose_compatible(letter, |part| form.extend(part.to_lowercase()));
    let part = &form[start..];
    let is_sign = part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_punctuation());
    let is_letter = matches!(letter, '\u{ff01}'..='\u{ff5e}' | '\u{1d400}'..='\u{1d7ff}');
    if !is_sign && !is_letter && !part.starts_with(letter) {
        form.insert(start, UNSEEN);
        form.push(UNSEEN);
    }
}

/// Whether Unicode has a character left out where it cannot be shown, or bytes were none.
fn is_ignored(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffd}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
