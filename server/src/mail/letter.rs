//! What the server writes to people, as plain text and as HTML that needs nothing from elsewhere.

use std::fmt::Write as _;

use uuid::Uuid;

use super::address::EmailAddress;

/// The longest name that is put into a mail, in characters.
const MAX_NAME_CHARACTERS: usize = 120;

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// How the product is called.
    pub product: String,
    /// Where it is, for people: our public address.
    pub address: String,
}

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: EmailAddress,
    /// About what: one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// What mail programs sort it by; `None` for mails that stand alone.
    pub thread: Option<MailThread>,
}

/// What mail programs sort a mail by, and how they stop more of its kind.
#[derive(Clone, PartialEq, Eq)]
pub struct MailThread {
    /// The mail's own id: one that is sent twice is known by it.
    pub id: Uuid,
    /// What it belongs to, if that is one thing: the same for all mails about it.
    pub about: Option<Uuid>,
    /// The address that stops mails of this kind (RFC 8058). It carries a secret.
    pub unsubscribe: String,
}

impl std::fmt::Debug for MailThread {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MailThread")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Mail")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Everything the server writes about. Names come from people and are treated as such; links come from us.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Letter<'a> {
    /// Shows that they read this address.
    Verification {
        /// Where to click.
        link: &'a str,
    },
    /// Lets them set a new password.
    PasswordReset {
        /// Where to click.
        link: &'a str,
        /// How long that works.
        minutes: u64,
    },
    /// They registered with an address that has an account; says so to them and to nobody else.
    AlreadyRegistered {
        /// Where to log in.
        link: &'a str,
    },
    /// Lets them join a workspace.
    Invitation {
        /// Who invites.
        inviter: &'a str,
        /// To what.
        workspace: &'a str,
        /// Where to click.
        link: &'a str,
        /// How long that works.
        days: u64,
    },
    /// Something happened to their account that they should know of.
    SecurityNotice {
        /// What, as a sentence of ours: "Your password was changed."
        what: &'a str,
        /// When, for people.
        when: &'a str,
        /// From which address, if known.
        from: Option<&'a str>,
    },
}

impl std::fmt::Debug for Letter<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Links carry secrets.
        formatter.write_str(match self {
            Self::Verification { .. } => "Verification",
            Self::PasswordReset { .. } => "PasswordReset",
            Self::AlreadyRegistered { .. } => "AlreadyRegistered",
            Self::Invitation { .. } => "Invitation",
            Self::SecurityNotice { .. } => "SecurityNotice",
        })
    }
}

/// A letter before it is set as text or HTML.
struct Draft<'a> {
    subject: String,
    paragraphs: Vec<String>,
    button: Option<(&'static str, &'a str)>,
    after: Vec<String>,
}

impl<'a> Letter<'a> {
    /// The mail to `to`.
    pub fn write(&self, sender: &Sender, to: &EmailAddress) -> Mail {
        let draft = self.draft(sender);
        Mail {
            to: to.clone(),
            subject: subject_line(&draft.subject),
            text: draft.text(sender),
            html: draft.html(sender),
            thread: None,
        }
    }

    fn draft(&self, sender: &Sender) -> Draft<'a> {
        let product = &sender.product;
        match *self {
            Self::Verification { link } => Draft {
                subject: format!("Confirm your e-mail address for {product}"),
                paragraphs: vec![format!("Welcome to {product}. Please confirm that this is your e-mail address.")],
                button: Some(("Confirm address", link)),
                after: vec!["If you did not register, ignore this mail; nothing will happen.".to_owned()],
            },
            Self::PasswordReset { link, minutes } => Draft {
                subject: format!("Set a new password for {product}"),
                paragraphs: vec!["Somebody, hopefully you, asked for a new password for this account.".to_owned()],
                button: Some(("Set a new password", link)),
                after: vec![
                    format!("The link works once and for {minutes} minutes."),
                    "If it was not you, ignore this mail; your password stays as it is.".to_owned(),
                ],
            },
            Self::AlreadyRegistered { link } => Draft {
                subject: format!("You already have an account at {product}"),
                paragraphs: vec![
                    "Somebody, hopefully you, tried to register with this address. You already have an account; \
                     log in with it, or ask for a new password there."
                        .to_owned(),
                ],
                button: Some(("Log in", link)),
                after: vec!["If it was not you, ignore this mail; nothing was changed.".to_owned()],
            },
            Self::Invitation { inviter, workspace, link, days } => {
                let (inviter, workspace) = (name(inviter), name(workspace));
                Draft {
                    subject: format!("{inviter} invites you to {workspace}"),
                    paragraphs: vec![format!("{inviter} invites you to the workspace {workspace} at {product}.")],
                    button: Some(("Accept the invitation", link)),
                    after: vec![
                        format!("The invitation is for this address and lasts {days} days."),
                        "If you do not know what this is about, ignore this mail.".to_owned(),
                    ],
                }
            }
            Self::SecurityNotice { what, when, from } => {
                let place = from.map(|from| format!(", from {}", name(from))).unwrap_or_default();
                Draft {
                    subject: format!("Security notice for your account at {product}"),
                    paragraphs: vec![one_line(what), format!("This happened at {}{place}.", name(when))],
                    button: None,
                    after: vec!["If it was not you, set a new password at once and end your other sessions.".to_owned()],
                }
            }
        }
    }
}

impl Draft<'_> {
    fn text(&self, sender: &Sender) -> String {
        let mut text = self.paragraphs.join("\n\n");
        if let Some((label, link)) = self.button {
            let _ = write!(text, "\n\n{label}:\n{}", one_line(link));
        }
        for paragraph in &self.after {
            let _ = write!(text, "\n\n{paragraph}");
        }
        let _ = write!(
            text,
            "\n\n-- \n{}\n{}\n",
            one_line(&sender.product),
            one_line(&sender.address)
        );
        text
    }

    fn html(&self, sender: &Sender) -> String {
        let paragraph = |text: &String| format!("<p>{}</p>\n", escape(text));
        let before: String = self.paragraphs.iter().map(paragraph).collect();
        let after: String = self.after.iter().map(paragraph).collect();
        let button = self.button.map_or_else(String::new, |(label, link)| {
            let link = escape(link);
            format!(
                "<p><a href=\"{link}\" style=\"display:inline-block;padding:10px 18px;background:#1f4fd8;\
                 color:#ffffff;text-decoration:none;border-radius:6px\">{label}</a></p>\n<p>{link}</p>\n"
            )
        });
        let (product, address) = (escape(&sender.product), escape(&sender.address));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
             <body style=\"font-family:sans-serif;line-height:1.5;color:#1a1a1a;max-width:36em\">\n\
             {before}{button}{after}<hr>\n<p style=\"color:#595959\">{product}<br>{address}</p>\n</body>\n</html>\n",
            title = escape(&self.subject),
        )
    }
}

/// A name that somebody chose: one line, not too long, and nothing that a mail program would turn into a link.
fn name(text: &str) -> String {
    let line = one_line(text);
    let short: String = line.chars().take(MAX_NAME_CHARACTERS).collect();
    no_address(&short)
}

/// `text` without what a mail program would turn into a link: "Win at https://evil.example" stays readable, but is no
/// address any more.
pub(super) fn no_address(text: &str) -> String {
    text.replace("://", " : ").replace("www.", "www ")
}

/// `text` without line breaks or other control characters, which would begin a new header or line.
pub(super) fn one_line(text: &str) -> String {
    let is_break = |character: char| character.is_control() || "\u{2028}\u{2029}".contains(character);
    let spaced = text.replace(is_break, " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` as a subject: one line, and nothing in it that a mail program would decode again, perhaps into lines.
pub(super) fn subject_line(text: &str) -> String {
    one_line(text).replace("=?", "= ?")
}

/// `text` as HTML, in one line.
pub(super) fn escape(text: &str) -> String {
    one_line(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
