//! The link of a sign-in, shown to a person wherever that person sits: at this machine, at another one that came in over ssh, or with a phone.

use std::io::IsTerminal;

use hub::explained::{named, quoted};
use url::Url;

use super::{Journey, Wishes};
use crate::browser::{self, Closed};
use crate::environment::Environment;
use crate::operator::is_loopback;
use crate::output::Output;
use crate::qr;
use crate::rest::shape::Authorization;

impl Journey<'_> {
    pub(super) fn show(&self, link: &Authorization, wishes: Wishes) {
        if let Some(code) = &link.user_code {
            return self.show_code(link, code);
        }
        let say = |text: String| self.desk.output.progress(text);
        let short = self.short(link);
        let opened = browser::open(
            &link.authorization_url,
            !(wishes.no_browser || wishes.no_wait),
            &self.desk.environment,
        );
        match &opened {
            Ok(()) => {
                let address = short.unwrap_or(&link.authorization_url);
                return say(format!("  Opening the browser. Not opening?  {address}"));
            }
            Err(Closed::Scheme(scheme)) => say(format!(
                "  The link is not opened, because it is neither http nor https ({scheme})."
            )),
            Err(Closed::Failed(why)) => say(format!("  No browser could be opened ({why}).")),
            Err(Closed::Unwanted | Closed::NoDisplay) => {}
        }
        if let Some(short) = short {
            say(format!("  short link     {short}"));
            self.show_way_here(short);
        }
        say(format!(
            "  Open this in a browser on any machine:\n\n{}\n",
            link.authorization_url
        ));
        if !wishes.no_wait {
            say(self.way_back());
        }
    }

    /// The hub's own page, where whoever reads this can reach it.
    fn short<'l>(&self, link: &'l Authorization) -> Option<&'l str> {
        let short = link.short_url.as_deref()?;
        let elsewhere = Url::parse(short).is_ok_and(|url| !is_loopback(&url));
        (elsewhere || self.desk.hub.is_on_this_machine()).then_some(short)
    }

    /// How a browser on another machine gets to the short link.
    fn show_way_here(&self, short: &str) {
        if Url::parse(short).is_ok_and(|url| is_loopback(&url)) {
            if let Some(tunnel) = tunnel(self.desk.hub.port(), &self.desk.environment) {
                let told = format!("  ssh            where your browser is, first:  {tunnel}");
                self.desk.output.progress(told);
            }
        } else if std::io::stdout().is_terminal() && !self.desk.output.json {
            let columns = terminal_size::terminal_size().map_or(0, |(width, _)| width.0);
            for line in qr::lines(short, columns.into()).into_iter().flatten() {
                Output::text(&line);
            }
        }
    }

    /// What to do when the browser cannot come back to the hub.
    fn way_back(&self) -> String {
        if std::io::stdin().is_terminal() {
            return "  Does it end at a page that cannot be reached? Paste its address here."
                .to_owned();
        }
        let command = named("mcphub auth complete <server> '<its address>'", self.server);
        format!("  Does it end at a page that cannot be reached? {command}")
    }

    /// A code is typed anywhere, so no browser is opened here that the person may not sit at.
    fn show_code(&self, link: &Authorization, code: &str) {
        let say = |text: String| self.desk.output.progress(text);
        let page = link.verification_uri.as_deref();
        let page = page.unwrap_or(&link.authorization_url);
        say(format!("  Open this on any machine:  {page}"));
        say(format!("  and enter this code:       {code}"));
        if page != link.authorization_url {
            say(format!(
                "  Or with the code in it:    {}",
                link.authorization_url
            ));
        }
        if let Some(end) = &link.expires_at {
            say(format!("  The code can be used until {end}."));
        }
    }
}

/// What makes `localhost` of the person's machine lead to this one, as ssh led here: `SSH_CONNECTION` is client, its port, this machine, its port.
pub(in crate::commands) fn tunnel(port: u16, environment: &Environment) -> Option<String> {
    let connection = environment.text("SSH_CONNECTION")?;
    let parts: Vec<&str> = connection.split_ascii_whitespace().collect();
    let [_, _, host, door] = parts.as_slice() else {
        return None;
    };
    let user = environment
        .text("USER")
        .or_else(|| environment.text("LOGNAME"));
    let at = user.map_or_else(
        || (*host).to_owned(),
        |user| format!("{}@{host}", quoted(user)),
    );
    let door = if *door == "22" {
        String::new()
    } else {
        format!("-p {door} ")
    };
    Some(format!("ssh {door}-L {port}:localhost:{port} {at}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tunnel_is_the_way_by_which_ssh_came() {
        let usual = [
            ("SSH_CONNECTION", "192.0.2.7 51000 192.0.2.1 22"),
            ("USER", "ada"),
        ];
        let told = tunnel(3000, &Environment::of(&usual)).unwrap();
        assert_eq!(told, "ssh -L 3000:localhost:3000 ada@192.0.2.1");
        let other = [("SSH_CONNECTION", "::1 51000 2001:db8::1 2222")];
        let told = tunnel(3001, &Environment::of(&other)).unwrap();
        assert_eq!(told, "ssh -p 2222 -L 3001:localhost:3001 2001:db8::1");
        assert_eq!(tunnel(3000, &Environment::default()), None);
        let odd = [("SSH_CONNECTION", "odd")];
        assert_eq!(tunnel(3000, &Environment::of(&odd)), None);
    }
}
