//! A person's sign-in as seen from the terminal: the link, the browser, the pasted address, and the hub's own lines until it is done.

pub(super) mod link;

use std::io::BufRead;
use std::time::Duration;

use hub::explained::named;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Desk;
use crate::failure::{Exit, Failure};
use crate::rest::shape::{Authorization, Completed, Server};
use crate::timeline::{self, Follower};

/// How often the hub is asked how it goes.
const LOOK: Duration = Duration::from_millis(300);
/// A link lives ten minutes; after that nobody will come back.
pub(super) const LONGEST: Duration = Duration::from_secs(600);
/// However long its login server lets a code live.
const LONGEST_CODE: Duration = Duration::from_secs(3600);
/// The hub notices its own change of the settings at once.
const NOTICED: Duration = Duration::from_secs(5);
/// The hub gives up connecting after 15 seconds.
const CONNECTING: Duration = Duration::from_secs(20);

/// What the person wants of the journey.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Wishes {
    /// Shows the link only
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Shows the link and ends with exit code 3
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// Waits a little until the server has felt what was done to it: who asks for its state next is not told that it is connecting.
pub(super) async fn noticed(desk: &Desk, server: &str) -> Result<(), Failure> {
    let end = Instant::now() + NOTICED;
    let mut clock = ticking();
    loop {
        clock.tick().await;
        if !desk.hub.server(server).await?.is_under_way() || Instant::now() > end {
            return Ok(());
        }
    }
}

/// One server, watched: its journal is told as it grows.
pub(super) struct Journey<'a> {
    desk: &'a Desk,
    server: &'a str,
    journal: Follower,
}

impl<'a> Journey<'a> {
    /// Begins after what the journal says already.
    pub(super) async fn of(desk: &'a Desk, server: &'a str) -> Result<Self, Failure> {
        let journal = Follower::after(desk.hub.journal(server).await?);
        Ok(Self {
            desk,
            server,
            journal,
        })
    }

    /// Begins with the first line: the server is new.
    pub(super) fn of_new(desk: &'a Desk, server: &'a str) -> Self {
        Self {
            desk,
            server,
            journal: Follower::default(),
        }
    }

    /// Tells what is new in the journal, and gives the server's state.
    async fn look(&mut self) -> Result<Server, Failure> {
        let server = self.desk.hub.server(self.server).await?;
        self.tell().await?;
        Ok(server)
    }

    /// Gives how many lines were new.
    async fn tell(&mut self) -> Result<usize, Failure> {
        let entries = self.desk.hub.journal(self.server).await?;
        let news = self.journal.news(entries);
        for step in news.iter().filter_map(timeline::step) {
            self.desk.output.progress(step);
        }
        Ok(news.len())
    }

    /// Waits until the hub knows whether it can connect without a person.
    pub(super) async fn settled(&mut self) -> Result<Server, Failure> {
        let end = Instant::now() + CONNECTING;
        let mut clock = ticking();
        loop {
            clock.tick().await;
            let server = self.look().await?;
            if !server.is_under_way() || Instant::now() > end {
                return Ok(server);
            }
        }
    }

    /// After a change of the settings: waits until the hub has acted on it, and knows again where it stands.
    pub(super) async fn stirred(&mut self, before: &Server) -> Result<Server, Failure> {
        let end = Instant::now() + NOTICED;
        let mut clock = ticking();
        loop {
            clock.tick().await;
            let server = self.desk.hub.server(self.server).await?;
            let acted = self.tell().await? > 0 || server.status != before.status;
            if acted || Instant::now() > end {
                return self.settled().await;
            }
        }
    }

    /// Makes the link, shows it, and waits until the person is through.
    pub(super) async fn sign_in(&mut self, wishes: Wishes) -> Result<Server, Failure> {
        let link = self.link().await?;
        // Only now: what is typed before may be the answer to another question.
        self.follow(&link, wishes, &mut Pasted::begin(wishes)).await
    }

    /// As `sign_in`, for one of several: they share what is pasted.
    pub(super) async fn sign_in_with(
        &mut self,
        wishes: Wishes,
        pasted: &mut Pasted,
    ) -> Result<Server, Failure> {
        let link = self.link().await?;
        self.follow(&link, wishes, pasted).await
    }

    async fn link(&mut self) -> Result<Authorization, Failure> {
        let link = self.desk.hub.authorize(self.server).await;
        // Steps that all met the same closed door say nothing more than the error.
        if !link.as_ref().is_err_and(Failure::is_of_link) {
            self.tell().await?;
        }
        link
    }

    async fn follow(
        &mut self,
        link: &Authorization,
        wishes: Wishes,
        pasted: &mut Pasted,
    ) -> Result<Server, Failure> {
        self.show(link, wishes);
        if wishes.no_wait {
            return self.desk.hub.server(self.server).await;
        }
        // The hub ends a code by itself, when its login server says.
        let longest = if link.user_code.is_some() {
            LONGEST_CODE
        } else {
            LONGEST
        };
        let server = self.wait(longest, pasted).await?;
        if server.is_connected() {
            let renews = server.config["oauth"]["refreshToken"].is_string();
            self.desk.output.progress(match renews {
                true => "  signed in      the token renews by itself",
                false => "  signed in      until the token ends; the login server gives none that renews it",
            });
        }
        Ok(server)
    }

    /// Until the server is connected, the attempt has ended, or the link has.
    async fn wait(&mut self, longest: Duration, pasted: &mut Pasted) -> Result<Server, Failure> {
        let end = Instant::now() + longest;
        let mut clock = ticking();
        let mut without_link = 0;
        loop {
            tokio::select! {
                _ = clock.tick() => {}
                Some(line) = pasted.0.recv() => self.paste(&line).await?,
            }
            let server = self.look().await?;
            let has_link = server
                .oauth
                .as_ref()
                .is_some_and(|oauth| oauth.authorization_url.is_some());
            let turn = server.waits_for_a_person() && !server.is_under_way();
            without_link = if turn && !has_link {
                without_link + 1
            } else {
                0
            };
            // The hub forgets a link that was used, a little before it says how that went.
            let ended = without_link > 3 || !(turn || has_link || server.is_under_way());
            if server.is_connected() || ended || Instant::now() > end {
                return Ok(server);
            }
        }
    }

    /// A pasted address that is refused costs nothing: the person may paste the right one.
    async fn paste(&self, line: &str) -> Result<(), Failure> {
        match self.desk.hub.complete(self.server, line).await {
            Ok(Completed {
                authorization_url: Some(again),
            }) => {
                self.desk.output.progress(format!(
                    "  once more      the login server wants to be asked differently:\n\n{again}\n"
                ));
            }
            Ok(Completed {
                authorization_url: None,
            }) => {}
            Err(failure) if failure.exit == Exit::Unreachable => return Err(failure),
            Err(failure) => {
                let say = |text: String| self.desk.output.progress(text);
                say(format!("  not taken      {}", failure.what()));
                let server = self.desk.hub.server(self.server).await?;
                // Where the link is used up, another address does not help either.
                if server
                    .oauth
                    .is_some_and(|it| it.authorization_url.is_some())
                {
                    say("  Paste the whole address of the page at which the browser ended.".into());
                }
            }
        }
        Ok(())
    }
}

/// Nobody signs in to a server that is not used.
pub(super) fn switched_off(name: &str) -> Failure {
    Failure::api(format!("{name} is switched off"))
        .cure(named("mcphub servers toggle <server> --on", name))
}

/// The journey's end as the command's end.
pub(super) fn verdict(desk: &Desk, server: &Server) -> Result<(), Failure> {
    if server.is_connected() {
        return Ok(());
    }
    if server.status == "disabled" {
        return Err(switched_off(&server.name).beside_a_result());
    }
    let why = server.why().unwrap_or("the sign-in did not come to an end");
    let exit = if server.waits_for_a_person() {
        Exit::SignInNeeded
    } else {
        Exit::Api
    };
    let failure = Failure::new(exit, format!("{}: {}: {why}", server.name, server.words()));
    let log = || named("mcphub auth log <server>", &server.name);
    Err(failure
        .cure(server.cure(desk.hub.address()).unwrap_or_else(log))
        .explained(server.explained.as_ref())
        .beside_a_result())
}

pub(super) fn ticking() -> tokio::time::Interval {
    let mut clock = interval(LOOK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

/// Lines that are pasted while we wait.
pub(super) struct Pasted(mpsc::Receiver<String>);

impl Pasted {
    /// A thread reads them, for reading a terminal cannot be called off; it ends with the process.
    pub(super) fn begin(wishes: Wishes) -> Self {
        let (sender, receiver) = mpsc::channel(4);
        if !wishes.no_wait {
            std::thread::spawn(move || {
                for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                    let line = line.trim();
                    if !line.is_empty() && sender.blocking_send(line.to_owned()).is_err() {
                        return;
                    }
                }
            });
        }
        Self(receiver)
    }
}
