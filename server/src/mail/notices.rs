//! The mail that brings notifications: one, or several that were gathered.
//!
//! Invariant: titles and comments are what people wrote. They stay one line each, become no header and no markup, and
//! what stands in titles becomes no link; comments may hold links, as whoever reads them expects.

use std::fmt::Write as _;

use uuid::Uuid;

use super::address::EmailAddress;
use super::letter::{Mail, MailThread, Sender, escape, no_address, one_line, subject_line};

/// The longest subject, in characters.
const MAX_SUBJECT: usize = 200;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One sentence.
    pub title: String,
    /// How the comment begins, if it is about one.
    pub excerpt: String,
    /// How much more happened to it.
    pub more: i64,
    /// Where to look.
    pub link: String,
}

/// What a mail says.
#[derive(Clone, Copy)]
pub struct Notices<'a> {
    /// What happened, the oldest first. At least one.
    pub notices: &'a [Notice],
    /// The mail's own id.
    pub id: Uuid,
    /// What it belongs to, if that is one thing.
    pub about: Option<Uuid>,
    /// What these mails are about, for people: "mentions".
    pub reason: &'a str,
    /// The page with the preferences.
    pub preferences: &'a str,
    /// The address that stops mails of this kind.
    pub unsubscribe: &'a str,
}

impl std::fmt::Debug for Notices<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Notices")
            .field("id", &self.id)
            .field("notices", &self.notices.len())
            .finish_non_exhaustive()
    }
}

impl Notices<'_> {
    /// The mail to `to`.
    pub fn write(&self, sender: &Sender, to: &EmailAddress) -> Mail {
        Mail {
            to: to.clone(),
            subject: self.subject(sender),
            text: self.text(sender),
            html: self.html(sender),
            thread: Some(MailThread {
                id: self.id,
                about: self.about,
                unsubscribe: self.unsubscribe.to_owned(),
            }),
        }
    }

    fn subject(&self, sender: &Sender) -> String {
        let subject = match self.notices {
            [only] => no_address(&subject_line(&only.title)),
            all => format!("{} new notifications at {}", all.len(), one_line(&sender.product)),
        };
        match subject.char_indices().nth(MAX_SUBJECT) {
            Some(_) => subject.chars().take(MAX_SUBJECT - 1).chain(['…']).collect(),
            None => subject,
        }
    }

    fn text(&self, sender: &Sender) -> String {
        let mut text = String::new();
        for notice in self.notices {
            let _ = writeln!(text, "{}", no_address(&one_line(&notice.title)));
            if !notice.excerpt.is_empty() {
                let _ = writeln!(text, "\n> {}", one_line(&notice.excerpt));
            }
            if let Some(more) = more(notice.more) {
                let _ = writeln!(text, "\n{more}");
            }
            let _ = write!(text, "\n{}\n\n", one_line(&notice.link));
        }
        let _ = write!(
            text,
            "-- \n{}\nYou get this mail because mails about {} are on.\nChange what you are told: {}\nTurn these mails \
             off: {}\n",
            one_line(&sender.product),
            self.reason,
            one_line(self.preferences),
            one_line(self.unsubscribe)
        );
        text
    }

    fn html(&self, sender: &Sender) -> String {
        let mut body = String::new();
        for notice in self.notices {
            let link = escape(&notice.link);
            let title = escape(&no_address(&notice.title));
            let _ = writeln!(body, "<p><strong>{title}</strong></p>");
            if !notice.excerpt.is_empty() {
                let excerpt = escape(&notice.excerpt);
                let _ = writeln!(
                    body,
                    "<blockquote style=\"margin:0 0 1em;padding-left:1em;border-left:3px solid #cccccc\">{excerpt}</blockquote>"
                );
            }
            if let Some(more) = more(notice.more) {
                let _ = writeln!(body, "<p>{more}</p>");
            }
            let _ = writeln!(
                body,
                "<p><a href=\"{link}\" style=\"display:inline-block;padding:8px 14px;background:#1f4fd8;color:#ffffff;\
                 text-decoration:none;border-radius:6px\">Look at it</a></p>"
            );
        }
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{subject}</title></head>\n\
             <body style=\"font-family:sans-serif;line-height:1.5;color:#1a1a1a;max-width:36em\">\n{body}<hr>\n\
             <p style=\"color:#595959\">{product}<br>You get this mail because mails about {reason} are on.<br>\
             <a href=\"{preferences}\">Change what you are told</a> · <a href=\"{unsubscribe}\">Turn these mails \
             off</a></p>\n</body>\n</html>\n",
            subject = escape(&self.subject(sender)),
            product = escape(&sender.product),
            reason = escape(self.reason),
            preferences = escape(self.preferences),
            unsubscribe = escape(self.unsubscribe),
        )
    }
}

/// That more happened than is said.
fn more(count: i64) -> Option<String> {
    match count {
        ..1 => None,
        1 => Some("One more thing happened there.".to_owned()),
        _ => Some(format!("{count} more things happened there.")),
    }
}
