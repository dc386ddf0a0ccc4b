//! What leaves the house, byte by byte: through a real SMTP conversation and into a real folder.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::*;

const NOW: u64 = 1_800_000_000;
const LINK: &str = "https://weft.example.com/verify#token=weft_ev_x&a=1";

fn sender() -> Sender {
    Sender {
        product: "Weft".to_owned(),
        address: "https://weft.example.com".to_owned(),
    }
}

fn ann() -> EmailAddress {
    EmailAddress::parse("ann@example.com").unwrap()
}

#[test]
fn addresses_are_checked() {
    for good in [
        "a@b.co",
        "ann.smith+weft@mail.example.com",
        "o'brien@example.com",
        "x_y-z@example.co.uk",
    ] {
        assert!(EmailAddress::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "a@b@example.com",
        "ann smith@example.com",
        "ann@exam ple.com",
        "ann@example.com\r\nBcc: eve@example.com",
        "ann@example.com\n",
        "ann\0@example.com",
        "<ann@example.com>",
        "Ann <ann@example.com>",
        "\"ann\"@example.com",
        "ann@[127.0.0.1]",
        "ann,bob@example.com",
        &format!("{}@example.com", "x".repeat(65)),
        &format!("ann@{}.com", "x.".repeat(140)),
    ] {
        assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
    }
    let address = EmailAddress::parse("Ann@Example.COM").unwrap();
    assert_eq!(
        (address.as_str(), &*address.canonical(), &*address.domain()),
        ("Ann@Example.COM", "ann@example.com", "example.com")
    );
    assert!(!format!("{address:?}").contains("Ann"));
}

#[test]
fn letters_say_what_they_must_in_both_forms() {
    let invitation = Letter::Invitation {
        inviter: "Bob",
        workspace: "Acme",
        link: LINK,
        days: 7,
    };
    let notice = Letter::SecurityNotice {
        what: "Your password was changed.",
        when: "12:00 UTC",
        from: Some("192.0.2.1"),
    };
    for (letter, must) in [
        (Letter::Verification { link: LINK }, &["Confirm", LINK][..]),
        (
            Letter::PasswordReset {
                link: LINK,
                minutes: 10,
            },
            &["once", "10 minutes", LINK],
        ),
        (
            Letter::AlreadyRegistered { link: LINK },
            &["already have an account", LINK],
        ),
        (invitation, &["Bob", "Acme", "7 days", LINK]),
        (notice, &["Your password was changed.", "12:00 UTC", "192.0.2.1"]),
    ] {
        let mail = letter.write(&sender(), &ann());
        assert!(!mail.subject.is_empty());
        for words in must {
            assert!(mail.text.contains(words), "{letter:?}: {words}");
            assert!(
                mail.html.contains(&words.replace('&', "&amp;")),
                "{letter:?}: {words}"
            );
        }
        assert!(!mail.html.contains("<img") && !mail.html.contains("<script") && !mail.html.contains("src="));
        assert!(
            !format!("{letter:?}{mail:?}").contains("weft_ev_x"),
            "a secret shows itself"
        );
    }
}

#[test]
fn names_become_neither_headers_nor_markup_nor_links() {
    let evil = "Eve\r\nBcc: all@example.com\r\n\r\n<script>alert('1')</script> & \"you\" https://evil.example www.evil.example";
    let letter = Letter::Invitation {
        inviter: evil,
        workspace: &"w".repeat(5_000),
        link: LINK,
        days: 7,
    };
    let mail = letter.write(&sender(), &ann());
    assert!(!mail.subject.contains(['\r', '\n']));
    assert!(!mail.text.contains("\nBcc") && !mail.html.contains("<script") && !mail.html.contains("\nBcc"));
    assert!(mail.html.contains("&lt;script&gt;alert(&#39;1&#39;)"));
    assert!(
        !mail.text.contains("https://evil")
            && !mail.html.contains("https://evil")
            && !mail.text.contains("www.evil")
    );
    assert!(mail.text.len() < 1_500 && mail.subject.len() < 500);
}

/// What is left of a message when its transfer encoding is undone, roughly: enough to find words.
fn decoded(message: &str) -> String {
    message.replace("=\r\n", "").replace("=3D", "=")
}

#[tokio::test]
async fn without_a_mail_server_mails_are_files() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("deep/mail");
    let mailer = Mailer::folder("Weft <weft@example.com>", &folder).unwrap();
    let mail = Letter::Verification { link: LINK }.write(&sender(), &ann());
    mailer.send(&mail, NOW).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    assert_eq!(files.len(), 1);
    let text = decoded(&std::fs::read_to_string(files[0].path()).unwrap());
    for line in [
        "From: Weft <weft@example.com>",
        "To: ann@example.com",
        "Subject: Confirm your e-mail address for Weft",
        "Auto-Submitted: auto-generated",
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        LINK,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(text.contains("Message-ID: <") && text.contains("@example.com>"));
    assert!(text.contains("multipart/alternative") && text.contains("text/html"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
}

#[tokio::test]
async fn the_folder_keeps_the_newest() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..=super::folder::MAX_FILES {
        std::fs::write(directory.path().join(format!("{number:010}-x.eml")), "").unwrap();
    }
    std::fs::write(directory.path().join("README"), "").unwrap();
    let mailer = Mailer::folder("weft@example.com", directory.path()).unwrap();
    mailer
        .send(&Letter::Verification { link: LINK }.write(&sender(), &ann()), NOW)
        .await
        .unwrap();
    let names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), super::folder::MAX_FILES + 1);
    assert!(names.contains(&"README".to_owned()) && names.iter().any(|name| name.starts_with("1800000000")));
    assert!(
        !names.contains(&"0000000000-x.eml".to_owned()) && !names.contains(&"0000000001-x.eml".to_owned())
    );
}

/// A mail server that takes every mail, or answers `refusal` to each recipient; gives back what it was told.
async fn server(refusal: Option<&'static str>) -> (u16, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, received) = tokio::sync::mpsc::channel(16);
    let tasks = TaskTracker::new();
    tasks.clone().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tasks.spawn(converse(stream, refusal, told.clone()));
        }
    });
    (port, received)
}

async fn converse(
    mut stream: tokio::net::TcpStream,
    refusal: Option<&'static str>,
    told: tokio::sync::mpsc::Sender<String>,
) {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    let mut whole = String::new();
    let mut in_data = false;
    write.write_all(b"220 test\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        whole.push_str(&line);
        whole.push_str("\r\n");
        let answer = match line.as_str() {
            "." if in_data => {
                in_data = false;
                told.send(std::mem::take(&mut whole)).await.unwrap();
                "250 ok\r\n"
            }
            _ if in_data => continue,
            "DATA" => {
                in_data = true;
                "354 go on\r\n"
            }
            line if line.starts_with("RCPT") => refusal.unwrap_or("250 ok\r\n"),
            _ => "250 ok\r\n",
        };
        write.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: SmtpSecurity::None,
        credentials: None,
        timeout: Duration::from_secs(5),
    }
}

#[tokio::test]
async fn a_mail_server_is_told_exactly_one_recipient() {
    let (port, mut told) = server(None).await;
    let mailer = Mailer::smtp("Weft <weft@example.com>", &settings(port)).unwrap();
    let letter = Letter::Invitation {
        inviter: "Eve\r\nBcc: x@example.com",
        workspace: "A",
        link: LINK,
        days: 1,
    };
    let mail = letter.write(&sender(), &ann());
    for _ in 0..2 {
        mailer.send(&mail, NOW).await.unwrap();
        let whole = told.recv().await.unwrap();
        assert!(
            whole.contains("MAIL FROM:<weft@example.com>") && whole.contains("RCPT TO:<ann@example.com>")
        );
        assert_eq!(whole.matches("RCPT TO").count(), 1);
        assert!(
            !whole.lines().any(|line| line.to_lowercase().starts_with("bcc")),
            "{whole}"
        );
        assert!(decoded(&whole).contains(LINK));
    }
}

#[tokio::test]
async fn refusals_and_silence_are_errors() {
    let mail = Letter::Verification { link: LINK }.write(&sender(), &ann());
    let send = async |port| {
        let mailer = Mailer::smtp("weft@example.com", &settings(port)).unwrap();
        mailer.send(&mail, NOW).await.unwrap_err()
    };
    let (port, _told) = server(Some("550 no such person\r\n")).await;
    assert!(send(port).await.is_permanent());
    let (port, _told) = server(Some("451 later\r\n")).await;
    assert!(!send(port).await.is_permanent());
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    assert!(!send(closed).await.is_permanent());
    // A server that does not offer encryption is told nothing.
    let (port, mut told) = server(None).await;
    let strict = SmtpSettings {
        security: SmtpSecurity::StartTls,
        ..settings(port)
    };
    let error = Mailer::smtp("weft@example.com", &strict)
        .unwrap()
        .send(&mail, NOW)
        .await
        .unwrap_err();
    assert!(matches!(error, MailError::Smtp(_)));
    assert!(told.try_recv().is_err());
    assert!(matches!(Mailer::smtp("nobody", &strict), Err(MailError::From)));
    assert!(
        !format!(
            "{:?}",
            SmtpSettings {
                credentials: Some(("u".into(), "hunter2".into())),
                ..strict
            }
        )
        .contains("hunter2")
    );
}
